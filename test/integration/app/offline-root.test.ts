/** A gate whose root is in a folder that is there only when somebody presents it. */
import { rename, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { X509Certificate } from 'node:crypto';
import { certificateBlocks } from '../../../lib/certificates/pem.ts';
import { ask } from '../../support/app/gate-client.ts';
import { GateFolder, readyLine } from '../../support/app/gate-folder.ts';
import { expectRefusal, type Outcome } from '../../support/app/program.ts';
import { sClient } from '../../support/edge/openssl.ts';
import { runCommand } from '../../support/lab/command.ts';
import { machine } from '../../support/lab/place.ts';
import { poll } from '../../support/lab/polling.ts';

const host = 'mirror.example.test';

describe('a gate whose root is kept elsewhere', function () {
  this.timeout(60_000);
  let folder: GateFolder;

  beforeEach(async () => {
    folder = await GateFolder.create();
    const privateCa = { permitted: ['example.test'] };
    await folder.configure({ certificates: { directory: 'certs', privateCa } });
    await folder.write('passphrase', 'correct horse battery\n');
    succeed(await folder.run('ca', 'init', ...presented()));
    await takeAway();
  });
  afterEach(() => folder.close());

  function succeed({ exitCode, stderr }: Outcome): void {
    expect(exitCode, stderr.toString()).to.equal(0);
  }
  const presented = (): string[] => [
    ...['--offline-root', folder.join('stick')],
    ...['--root-passphrase', `file:${folder.join('passphrase')}`],
  ];
  const takeAway = (): Promise<void> => rename(folder.join('stick'), folder.join('safe'));
  const bring = (): Promise<void> => rename(folder.join('safe'), folder.join('stick'));

  /** What the gate serves above its leaf. */
  async function servedAbove(): Promise<string[]> {
    const root = folder.join('certs', 'trust', 'bundle.pem');
    const text = await sClient(
      folder.ports.https,
      ...['-servername', host, '-verify_hostname', host, '-showcerts'],
      ...['-CAfile', root, '-verify_return_error', '-x509_strict'],
    );
    expect(text).to.contain('Verify return code: 0');
    const pems = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    return [...new Set(pems)].slice(1).map((pem) => new X509Certificate(pem).subject);
  }

  /** The status that a client with this certificate gets, or none. */
  async function curl(shown?: string): Promise<string> {
    const at = `${host}:${folder.ports.https}`;
    const [certificate, key] = ['cert', 'key'].map((end) => folder.join(`${shown}.${end}`));
    const command = [
      ...['curl', '--silent', '--cacert', folder.join('certs', 'trust', 'bundle.pem')],
      ...(shown === undefined ? [] : ['--cert', `${certificate}`, '--key', `${key}`]),
      ...['--resolve', `${at}:127.0.0.1`, '--write-out', '%{http_code}', '--output', '/dev/null'],
      `https://${at}/v2/`,
    ];
    return await runCommand(machine, command).then(
      ({ stdout }) => stdout,
      () => 'no answer',
    );
  }

  it('serves by its intermediate, and by a new one without a restart', async () => {
    const gate = folder.serve();
    await readyLine(gate);
    const before = await servedAbove();
    expect(before).to.have.length(1);
    expect(before[0]).to.contain('intermediate');

    expectRefusal(await folder.run('ca', 'renew', ...presented()), 1, ['no root is kept in']);
    expectRefusal(await folder.run('ca', 'rotate'), 1, ['--offline-root']);
    await bring();
    succeed(await folder.run('ca', 'renew', ...presented()));
    await poll(async () => ((await servedAbove())[0] === before[0] ? undefined : true), {
      deadlineMs: 20_000,
      what: 'another intermediate',
    });
    const { stdout } = await folder.run('ca', 'status');
    for (const text of ['kept elsewhere', 'intermediate until', 'ca renew']) {
      expect(stdout).to.contain(text);
    }
    const doctor = await folder.run('doctor');
    expect(doctor.stdout).to.contain('intermediate of the active root');
    expect(await folder.read('certs/ca/authority.json')).to.contain('"kind": "offline"');
    expect(await folder.read('stick/ca/authority.json')).to.not.contain('PRIVATE');
  });

  it('brings a new root that machines follow by the old one', async () => {
    const gate = folder.serve();
    await readyLine(gate);
    const ca = await folder.read('certs/trust/bundle.pem');
    await bring();
    succeed(await folder.run('ca', 'rotate', ...presented()));
    const target = { port: folder.ports.https, host, ca };
    const bundle = JSON.parse((await ask(target, '/ca/bundle.json')).body.toString()) as {
      readonly roots: readonly {
        readonly state: string;
        readonly pem: string;
        readonly signature?: { readonly value: string };
      }[];
    };
    const [active, next] = bundle.roots;
    expect([active?.state, next?.state]).to.deep.equal(['active', 'next']);

    // As install.sh does it.
    const write = (name: string, content: string | Buffer) => writeFile(folder.join(name), content);
    await write('active.pem', active?.pem ?? '');
    await write('next.der', new X509Certificate(next?.pem ?? '').raw);
    await write('signature', Buffer.from(next?.signature?.value ?? '', 'base64'));
    const keyFile = folder.join('active.key');
    await runCommand(machine, [
      ...[
        'openssl',
        'x509',
        '-in',
        folder.join('active.pem'),
        '-noout',
        '-pubkey',
        '-out',
        keyFile,
      ],
    ]);
    const { stdout } = await runCommand(machine, [
      ...['openssl', 'dgst', '-sha256', '-verify', keyFile],
      ...['-signature', folder.join('signature'), folder.join('next.der')],
    ]);
    expect(stdout).to.contain('Verified OK');
  });

  it('signs for other servers by its intermediate, which comes with the leaf', async () => {
    succeed(await folder.run('ca', 'issue', 's3.example.test', '--out', folder.path));
    const chain = folder.join('s3.example.test.pem');
    await runCommand(machine, [
      ...['openssl', 'verify', '-x509_strict', '-purpose', 'sslserver', '-untrusted', chain],
      ...['-CAfile', folder.join('certs', 'trust', 'bundle.pem'), chain],
    ]);
  });

  it('lets in who shows a client certificate, after a new intermediate too', async () => {
    const privateCa = { permitted: ['example.test'] };
    await folder.configure({
      certificates: { directory: 'certs', privateCa },
      clientCertificates: { ca: 'private-ca' },
    });
    await folder.write('allow-list.yaml', 'allow: []\ncertificates: [vm-1, vm-2]\n');
    const gate = folder.serve();
    await readyLine(gate);
    const issue = async (name: string): Promise<void> =>
      succeed(await folder.run('ca', 'issue-client', name, '--out', folder.path));
    await issue('vm-1');
    expect(await curl()).to.equal('no answer');
    expect(await curl('vm-1')).to.equal('200');
    const [, before] = certificateBlocks(await folder.read('vm-1.cert'));
    expect(before).to.be.a('string');

    await bring();
    succeed(await folder.run('ca', 'renew', ...presented()));
    await issue('vm-2');
    const [, after] = certificateBlocks(await folder.read('vm-2.cert'));
    expect(after).to.be.a('string').and.not.equal(before);
    for (const name of ['vm-1', 'vm-2']) expect(await curl(name), name).to.equal('200');

    await folder.write('allow-list.yaml', 'allow: []\ncertificates: [vm-2]\n');
    await poll(async () => ((await curl('vm-1')) === 'no answer' ? true : undefined), {
      deadlineMs: 10_000,
      what: 'the end of vm-1',
    });
    expect(await curl('vm-2')).to.equal('200');
  });

  it('is not made where a CA is, nor presented to one by another folder', async () => {
    expectRefusal(await folder.run('ca', 'init', '--offline-root', folder.join('other')), 1, [
      'there is a private CA',
      'ca rotate --offline-root',
    ]);
    expect(await folder.has('other')).to.equal(false);
    expectRefusal(await folder.run('ca', 'renew'), 2, ['--offline-root']);
    expectRefusal(
      await folder.run('ca', 'renew', '--offline-root', 'x', '--root-passphrase', 'secret'),
      2,
      ['file:PATH'],
    );
  });
});
