import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { servedSerial } from '../../support/app/gate-client.ts';
import { GateFolder, readyLine } from '../../support/app/gate-folder.ts';
import { expectRefusal } from '../../support/app/program.ts';
import { until } from '../../support/until.ts';

describe('mirrorgate ca', () => {
  let folder: GateFolder;

  beforeEach(async () => {
    folder = await GateFolder.create();
  });
  afterEach(() => folder.close());

  for (const command of ['status', 'fingerprint', 'bundle'] as const) {
    it(`${command} ends with 1 where there is no CA, and makes none`, async () => {
      expectRefusal(await folder.run('ca', command), 1, [folder.join('certs/ca'), 'ca init']);
      expect(await folder.has('certs')).to.equal(false);
    });
  }

  it('init makes one, once', async () => {
    const { exitCode, stdout } = await folder.run('ca', 'init');
    expect(exitCode).to.equal(0);
    expect(stdout).to.match(/^[0-9a-f]{64}\n$/);
    expect((await folder.run('ca', 'init')).stdout).to.equal(stdout);
    const root = new X509Certificate(await folder.read('certs/trust/bundle.pem'));
    expect(root.fingerprint256.replaceAll(':', '').toLowerCase()).to.equal(stdout.trim());
  });

  it('fingerprint, bundle and status show the one there is', async () => {
    const { stdout } = await folder.run('ca', 'init');
    const fingerprint = stdout.trim();
    const bundlePem = await folder.read('certs/trust/bundle.pem');
    const show = async (command: string): Promise<readonly [string, string]> => {
      const ways = [folder.run('ca', command), folder.run('ca', command, '--json')];
      const [plain, json] = await Promise.all(ways);
      return [plain?.stdout ?? '', json?.stdout ?? ''];
    };
    const [plainFingerprint, jsonFingerprint] = await show('fingerprint');
    expect(plainFingerprint).to.equal(`${fingerprint}\n`);
    expect(JSON.parse(jsonFingerprint)).to.deep.equal({ fingerprint });
    const [bundle, jsonBundle] = await show('bundle');
    expect(bundle).to.equal(bundlePem);
    expect(JSON.parse(jsonBundle)).to.deep.equal({ bundlePem });
    const [status, jsonStatus] = await show('status');
    for (const text of ['active', fingerprint, 'mirror.example.test, hub.example.test']) {
      expect(status).to.include(text);
    }
    const { roots } = JSON.parse(jsonStatus) as { roots: readonly object[] };
    expect(roots).to.have.length(1);
    expect(roots[0]).to.deep.include({ state: 'active', fingerprint });
    expect(jsonStatus).not.to.include('PRIVATE KEY');
  });

  it('says in one line why a damaged one cannot be shown', async () => {
    await folder.run('ca', 'init');
    for (const name of ['authority.json', 'authority.previous.json']) {
      await folder.write(`certs/ca/${name}`, '{"version": 1}');
    }
    const commands = ['init', 'status', 'fingerprint', 'bundle'];
    for (const outcome of await Promise.all(commands.map((one) => folder.run('ca', one)))) {
      expectRefusal(outcome, 1, ['damaged', folder.join('certs/ca')]);
    }
  });
});

describe('mirrorgate cert list', () => {
  let folder: GateFolder;

  interface Listed {
    readonly certificates: readonly Readonly<Record<string, unknown>>[];
  }
  const listed = async (): Promise<Listed> =>
    JSON.parse((await folder.run('cert', 'list', '--json')).stdout) as Listed;
  beforeEach(async () => {
    folder = await GateFolder.create();
  });
  afterEach(() => folder.close());

  it('shows what a gate serves', async () => {
    await readyLine(folder.serve());
    const ca = await folder.read('certs/trust/bundle.pem');
    const { certificates } = await listed();
    expect(certificates.map(({ site }) => site)).to.deep.equal(['universal', 'hub']);
    const table = (await folder.run('cert', 'list')).stdout.split('\n');
    expect(table[0]).to.match(/^SITE +ISSUER +EXPIRES +RENEWS +SERIAL +NAMES +TROUBLE$/);
    for (const [index, host] of ['mirror.example.test', 'hub.example.test'].entries()) {
      const serial = await servedSerial({ port: folder.ports.https, host, ca });
      const certificate = certificates[index];
      expect(certificate).to.deep.include({ names: [host], issuer: 'private-ca' });
      expect(String(certificate?.['serial']).toUpperCase()).to.equal(serial);
      expect(table[index + 1])
        .to.include(host)
        .and.include(String(certificate?.['notAfter']));
    }
  });

  it('renew replaces the certificate of a host, and serves it', async () => {
    await readyLine(folder.serve());
    const target = {
      port: folder.ports.https,
      host: 'hub.example.test',
      ca: await folder.read('certs/trust/bundle.pem'),
    };
    const before = await servedSerial(target);
    const { exitCode, stdout } = await folder.run('cert', 'renew', 'hub.example.test', '--json');
    expect(exitCode).to.equal(0);
    const [renewed] = (JSON.parse(stdout) as Listed).certificates;
    await until('the new certificate', async () => (await servedSerial(target)) !== before);
    expect(String(renewed?.['serial']).toUpperCase()).to.equal(await servedSerial(target));
  });

  it('renew says why where there is no such host, and where no gate runs', async () => {
    expectRefusal(await folder.run('cert', 'renew'), 1, ['no gate runs']);
    await readyLine(folder.serve());
    expectRefusal(await folder.run('cert', 'renew', 'nobody.test'), 1, [
      'nobody.test',
      'hub.example.test',
    ]);
  });

  it('shows sites that have none yet, and makes none', async () => {
    expect((await folder.run('cert', 'list')).stdout.match(/none yet/g)).to.have.length(2);
    expect((await listed()).certificates[0]).not.to.include.keys('serial');
    expectRefusal(await folder.run('ca', 'status'), 1, ['no private CA']);
  });
});
