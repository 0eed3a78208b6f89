import { rename, writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { operatorRoot, writePair } from '../../support/app/certificate-pair.ts';
import { begin, servedSerial, type Target } from '../../support/app/gate-client.ts';
import { hubHost, Stage, universalHost, zone } from '../../support/app/stage.ts';
import { readToEnd } from '../../support/edge/https-client.ts';
import { until } from '../../support/until.ts';

describe('a certificate of a running gate', () => {
  let stage: Stage;

  afterEach(() => stage.close());

  it('is replaced at two thirds of its life, while a connection goes on', async function () {
    this.timeout(30_000);
    const lifeMs = 6_000;
    stage = await Stage.start({
      settings: {
        certificates: {
          directory: 'certs',
          privateCa: { permitted: [zone], leafLifetime: `${lifeMs / 1000}s` },
        },
      },
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const connections = new Set<number | undefined>();
    const ping = async (): Promise<number | undefined> => {
      const response = await begin(stage.target(universalHost, { agent }), '/v2/');
      connections.add(response.socket.localPort);
      await readToEnd(response);
      return response.statusCode;
    };
    const first = await servedSerial(stage.target());
    const obtained = stage.gate.log().filter(({ event }) => event === 'certificate obtained');
    const bornAt = Date.parse(String(obtained.at(-1)?.['time']));
    await until('another certificate', async () => {
      expect(await ping()).to.equal(200);
      return (await servedSerial(stage.target())) !== first;
    });
    expect(Date.now() - bornAt).to.be.within((lifeMs * 2) / 3 - 1_000, (lifeMs * 2) / 3 + 1_000);
    expect(await ping()).to.equal(200);
    expect(connections.size).to.equal(1);
    agent.destroy();
  });

  describe('from files', () => {
    const pair = { certificate: 'chain.pem', key: 'key.pem' };
    const names = [hubHost, universalHost];
    let folder: Parameters<typeof writePair>[0];

    const target = (): Target => stage.target(hubHost, { ca: operatorRoot.certificate.toString() });
    const failed = async (): Promise<unknown> =>
      await stage.gate.waitForLog('line about the failure', () =>
        stage.gate.log().find(({ event }) => event === 'certificate failed'),
      );
    beforeEach(async () => {
      stage = await Stage.start();
      const inFolder = (name: string): string => join(dirname(stage.gate.configurationFile), name);
      folder = {
        join: inFolder,
        write: (name, text) => writeFile(inFolder(name), text, { mode: 0o600 }),
      };
      await writePair(folder, pair, { names });
      await stage.gate.configure({
        settings: { certificates: { directory: 'certs', issuer: 'files', files: [pair] } },
      });
      await stage.gate.reload();
    });

    it('is served within two seconds of its replacement', async () => {
      const first = await servedSerial(target());
      await writePair(folder, pair, { names });
      const changedAt = performance.now();
      await until('another', async () => (await servedSerial(target())) !== first);
      expect(performance.now() - changedAt).to.be.below(2_000);
    });

    it('is served where the pair was swapped by renames, one after the other', async () => {
      const first = await servedSerial(target());
      await writePair(folder, { certificate: 'new.pem', key: 'new.key' }, { names });
      await rename(folder.join('new.pem'), folder.join(pair.certificate));
      await failed();
      expect(await servedSerial(target())).to.equal(first);
      await rename(folder.join('new.key'), folder.join(pair.key));
      await until('another', async () => (await servedSerial(target())) !== first);
    });

    for (const [what, spoil] of [
      ['is no certificate', () => folder.write(pair.certificate, 'garbage')],
      ['is for other names', () => writePair(folder, pair, { names: ['www.example.test'] })],
      ['is refused by TLS', () => writePair(folder, pair, { names, rsaBits: 1024 })],
    ] as const) {
      it(`stays in use where its replacement ${what}`, async () => {
        const first = await servedSerial(target());
        await spoil();
        await failed();
        await stage.gate.reload();
        expect(await servedSerial(target())).to.equal(first);
      });
    }

    it('stays in use where its replacement is no good, after a restart too', async () => {
      const first = await servedSerial(target());
      await folder.write(pair.certificate, 'garbage');
      await stage.gate.stop();
      await stage.gate.resume();
      await failed();
      expect(await servedSerial(target())).to.equal(first);
    });
  });
});
