/** Certificates from a real CA, by every way that it has to validate, and when it is in trouble. */
import { chmod, writeFile } from 'node:fs/promises';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { expect } from 'chai';
import { ask, servedSerial } from '../../support/app/gate-client.ts';
import { mirrorgate } from '../../support/app/program.ts';
import { AcmeLab, ghcrHost, hubHost } from '../../support/acme/acme-lab.ts';
import { requireParts } from '../../support/lab/lab-availability.ts';
import { OpenParts } from '../../support/lab/open-parts.ts';
import { poll } from '../../support/lab/polling.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';

const publish = `#!/bin/sh
# present|cleanup NAME VALUE, at the management port of pebble-challtestsrv in $1
case $2 in
  present) exec curl -sf -d "{\\"host\\":\\"$3.\\",\\"value\\":\\"$4\\"}" "$1/set-txt" ;;
  cleanup) exec curl -sf -d "{\\"host\\":\\"$3.\\"}" "$1/clear-txt" ;;
esac
`;

describe('ACME certificates of a running gate', function () {
  this.timeout(90_000);
  const parts = new OpenParts();
  let folder: TemporaryDirectory;

  before(async function () {
    await requireParts(this, 'pebble', 'gate');
  });
  beforeEach(async () => {
    folder = await parts.add(TemporaryDirectory.create('acme-test'));
  });
  afterEach(async () => {
    await parts.close();
  });

  it('are for addresses too', async () => {
    const lab = await parts.add(
      AcmeLab.start({ gate: { universalHosts: ['127.0.0.1', 'mirror.example.test'] } }),
    );
    const { ca, port } = await lab.untilServed('127.0.0.1');
    const [response] = (await once(
      get({ host: '127.0.0.1', path: '/v2/', port, ca }),
      'response',
    )) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).to.equal(200);
  });

  it('come from a CA that wants an account of its customers', async () => {
    const key = Buffer.alloc(32, 7).toString('base64url');
    await writeFile(folder.join('eab'), `${key}\n`);
    const externalAccount = { keyId: 'kid-1', key: { file: folder.join('eab') } };
    const settings = {
      externalAccountBindingRequired: true,
      externalAccountMACKeys: { 'kid-1': key },
    };
    const lab = await parts.add(AcmeLab.start({ acme: { externalAccount }, pebble: { settings } }));
    await lab.untilServed(hubHost);
  });

  it('are wildcards where a command publishes DNS records', async () => {
    const script = folder.join('publish');
    await writeFile(script, publish);
    await chmod(script, 0o700);
    const lab = await parts.add(
      AcmeLab.start({
        acme: (names) => ({
          dns: { command: [script, names.managementUrl], propagation: '0s' },
          wildcards: ['example.test'],
        }),
      }),
    );
    const target = await lab.untilServed(hubHost);
    await lab.untilServed(ghcrHost);
    expect((await ask(target, '/v2/')).status).to.equal(200);
    expect(lab.orders()).to.equal(1);
  });

  it('are renewed under load without one failed request', async () => {
    const settings = { certificateValidityPeriod: 10 };
    const lab = await parts.add(AcmeLab.start({ pebble: { settings } }));
    const target = await lab.untilServed(hubHost);
    const serials = new Set<string>();
    const failures: unknown[] = [];
    let requests = 0;
    const load = async (): Promise<void> => {
      while (serials.size < 3) {
        await ask(target, '/v2/').then(
          ({ status }) => status === 200 || failures.push(status),
          (error: unknown) => failures.push(error),
        );
        requests += 1;
      }
    };
    const watch = async (): Promise<void> => {
      await poll(
        async () => {
          serials.add(await servedSerial(target));
          return serials.size < 3 ? undefined : true;
        },
        { deadlineMs: 60_000, what: 'two renewals' },
      ).finally(() => serials.add('a').add('b').add('c'));
    };
    await Promise.all([watch(), load(), load()]);
    expect(failures).to.deep.equal([]);
    expect(requests).to.be.greaterThan(20);
  });

  it('are had once a name resolves here, and the error is told until then', async () => {
    const lab = await parts.add(
      AcmeLab.start({ before: (names) => names.setAddresses(hubHost, ['127.0.0.9']) }),
    );
    await lab.untilServed(ghcrHost);
    const failed = await poll(
      async () => (await lab.certificates()).find(({ lastError }) => lastError !== undefined),
      { deadlineMs: 30_000, what: 'an error of hub' },
    );
    expect(failed.site).to.equal('hub');
    expect(failed.lastError).to.contain(hubHost);
    expect(failed.outlook).to.deep.include({ failures: 1 });
    expect(Date.parse(String(failed.outlook?.nextAttemptAt))).to.be.greaterThan(Date.now());
    await lab.gate.stop();
    const [atRest, other] = await lab.certificates();
    expect(atRest?.outlook).to.deep.equal(failed.outlook);
    expect(Date.parse(other?.dueAt ?? '')).to.be.greaterThan(Date.now());
    await lab.gate.resume();
    await lab.names.setAddresses(hubHost, ['127.0.0.1']);
    const renewed = await mirrorgate(
      ...['cert', 'renew', hubHost, '--config', lab.gate.configurationFile],
    );
    expect(renewed.exitCode, renewed.stderr.join('\n')).to.equal(0);
    const target = await lab.untilServed(hubHost);
    expect((await ask(target, '/v2/')).status).to.equal(200);
  });

  it('are served from the disk where the CA is away, and had when it is back', async () => {
    const lab = await parts.add(AcmeLab.start());
    const target = await lab.untilServed(hubHost);
    const serial = await servedSerial(target);
    await lab.gate.stop();
    await lab.pebble.stop();
    await lab.gate.resume();
    expect(await servedSerial(target)).to.equal(serial);
    const renew = ['cert', 'renew', hubHost, '--config', lab.gate.configurationFile];
    const away = await mirrorgate(...renew);
    expect(away.exitCode).to.equal(1);
    expect(away.errors.join()).to.contain('cannot be reached');
    expect(await servedSerial(target)).to.equal(serial);
    await lab.pebble.restart();
    const back = await mirrorgate(...renew);
    expect(back.exitCode, back.stderr.join('\n')).to.equal(0);
    const root = new X509Certificate(await lab.pebble.issuingRoot());
    const fresh = { ...target, ca: root.toString() };
    await poll(async () => ((await servedSerial(fresh)) === serial ? undefined : true), {
      ...{ deadlineMs: 10_000, what: 'the new certificate' },
    });
  });
});
