import { X509Certificate } from 'node:crypto';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { expect } from 'chai';
import { bundlePem } from '../../../lib/ca/bundle.ts';
import { isTemporaryName } from '../../../lib/files/atomic-file.ts';
import { DirectoryTree } from '../../../lib/injection/directory-tree.ts';
import { inject } from '../../../lib/injection/inject.ts';
import { planInjection } from '../../../lib/injection/root-injection.ts';
import { splitCertificates } from '../../../lib/injection/pem-bundle.ts';
import { DebianRoot } from '../../support/clients/debian-root.ts';
import { injectingProcess, killedInjection } from '../../support/clients/killed-injection.ts';
import { Rotation } from '../../support/clients/rotation.ts';
import { testAccess } from '../../support/clients/test-access.ts';
import { failureOf, runCommand } from '../../support/lab/command.ts';
import { machine } from '../../support/lab/place.ts';
import { requireParts } from '../../support/lab/lab-availability.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { scaled } from '../../support/scale.ts';

const rotation = new Rotation();
const foreign = new Rotation();
const others = bundlePem(foreign.before);
type Stage = 'before' | 'overlap' | 'switched' | 'after';
const anchors = 'usr/local/share/ca-certificates';
const systemBundle = 'etc/ssl/certs/ca-certificates.crt';
const ours = (stage: Stage) =>
  ({ bundle: rotation[stage], access: testAccess(), isDryRun: false }) as const;
const injectDir = (path: string, stage: Stage, isDryRun = false) =>
  inject({ kind: 'dir', path }, { ...ours(stage), isDryRun });

describe('ca inject dir:', function () {
  this.timeout(30_000);
  let directory: TemporaryDirectory;
  let root: string;
  beforeEach(async () => {
    directory = await TemporaryDirectory.create('inject');
    root = directory.join('root');
    await write('usr/share/ca-certificates/mozilla/x.crt', 'x');
    await write(systemBundle, others);
  });
  afterEach(() => directory.close());

  async function write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');
  async function tree(): Promise<Record<string, string>> {
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((e) => join(e.parentPath, e.name));
    const texts = files.sort().map(async (file) => [file, await readFile(file, 'utf8')] as const);
    return Object.fromEntries(await Promise.all(texts));
  }

  it('puts the root where the system keeps roots, and into what it makes of them', async () => {
    const changes = await injectDir(root, 'before');
    expect(await read(systemBundle)).to.equal(others + bundlePem(rotation.before));
    expect(await readdir(join(root, anchors))).to.have.length(1);
    expect(await read('etc/mirrorgate/ca-bundle.pem')).to.equal(bundlePem(rotation.before));
    expect(changes.map(({ what }) => what)).to.include(`/${systemBundle}`);
  });

  it('changes nothing the second time, and nothing at all in a dry run', async () => {
    const before = await tree();
    const planned = await injectDir(root, 'before', true);
    expect(await tree()).to.deep.equal(before);
    expect(await injectDir(root, 'before')).to.deep.equal(planned);
    const once = await tree();
    expect(await injectDir(root, 'before')).to.deep.equal([]);
    expect(await tree()).to.deep.equal(once);
  });

  it('takes a retired root out of everywhere', async () => {
    await write('etc/docker/daemon.json', '{}');
    for (const stage of ['before', 'overlap', 'switched', 'after'] as const)
      await injectDir(root, stage);
    expect(await read(systemBundle)).to.equal(others + bundlePem(rotation.after));
    const [, line = 'none'] = rotation.old.certificate.toString().split('\n');
    for (const [path, text] of Object.entries(await tree()))
      expect(text, path).not.to.include(line);
    expect(await read('etc/docker/certs.d/hub.mirror.test/ca.crt')).to.equal(
      bundlePem(rotation.after),
    );
  });

  it('ends in the same state as a fresh target, wherever it was cut off before', async () => {
    await injectDir(root, 'overlap');
    const opened = await DirectoryTree.open(root);
    const edits = await planInjection(opened, ours('after'));
    expect(edits.length).to.be.above(6);
    for (let done = 0; done <= edits.length; done += 1) {
      await injectDir(root, 'overlap');
      await opened.apply((await planInjection(opened, ours('after'))).slice(0, done));
      const certificates = splitCertificates(await read(systemBundle));
      expect(certificates.join('')).to.be.oneOf([
        others + bundlePem(rotation.overlap),
        others + bundlePem(rotation.after),
      ]);
      await injectDir(root, 'after');
      expect(await read(systemBundle)).to.equal(others + bundlePem(rotation.after));
      expect(await readdir(join(root, anchors))).to.have.length(1);
      expect(await read('etc/mirrorgate/installed')).not.to.include(
        rotation.fingerprint('old').slice(0, 16),
      );
    }
  });

  it('leaves every file whole when it is killed, and nothing of it later', async () => {
    const files = { before: directory.join('a.pem'), after: directory.join('b.pem') };
    for (const [stage, file] of Object.entries(files)) {
      await writeFile(file, bundlePem(rotation[stage as Stage]));
    }
    for (let kill = 0; kill < scaled(3); kill += 1) {
      await killedInjection(`dir:${root}`, Object.values(files), { afterMs: kill * 13 });
      const certificates = splitCertificates(await read(systemBundle));
      for (const pem of certificates) new X509Certificate(pem);
      expect(await read(systemBundle))
        .to.equal(certificates.join(''))
        .and.satisfy((text: string) => text.startsWith(others));
    }
    await injectDir(root, 'before');
    await injectDir(root, 'after');
    expect(
      Object.keys(await tree()).filter((path) => isTemporaryName(path.split('/').at(-1) ?? '')),
    ).to.deep.equal([]);
    expect(await read(systemBundle)).to.equal(others + bundlePem(rotation.after));
  });

  it('refuses a file system that is mounted read-only, and says how to go on', async function () {
    await requireParts(this, 'namespaces');
    const files = directory.join('root.pem');
    await writeFile(files, bundlePem(rotation.before));
    const failure = await failureOf(
      runCommand(machine, [
        ...['unshare', '--mount', '--propagation', 'private', '--', 'sh', '-c'],
        'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"',
        ...['sh', root, process.execPath, '--import', 'tsx', injectingProcess],
        ...[`dir:${root}`, 'auto', files],
      ]),
    );
    expect(failure.stderr).to.contain('cannot be written').and.contain('READ_ONLY');
    expect(Object.keys(await tree())).to.have.length(2);
  });

  it('follows no link out of the folder', async () => {
    const outside = directory.join('outside');
    await mkdir(outside);
    await mkdir(join(root, 'usr/local/share'), { recursive: true });
    await symlink(outside, join(root, anchors));
    await symlink('../../../../outside', join(root, 'etc/mirrorgate'));
    await injectDir(root, 'before');
    expect(await readdir(outside)).to.deep.equal([]);
    expect(await readdir(join(root, outside))).to.have.length(1);
    expect(await read('outside/ca-bundle.pem')).to.equal(bundlePem(rotation.before));
  });

  const code = async (outcome: Promise<unknown>): Promise<string> =>
    (await rejectionOf(outcome)).code;

  it('says why it cannot: not there, no folder, no distribution, this machine', async () => {
    expect(await code(injectDir(directory.join('nope'), 'before'))).to.equal(
      'MIRRORGATE_INJECT_UNREADABLE',
    );
    expect(await code(injectDir(join(root, systemBundle), 'before'))).to.equal(
      'MIRRORGATE_INJECT_UNSUITABLE',
    );
    expect(await code(injectDir(join(root, 'etc'), 'before'))).to.equal(
      'MIRRORGATE_INJECT_UNKNOWN_SYSTEM',
    );
    expect(await code(injectDir('/', 'before'))).to.equal('MIRRORGATE_INJECT_UNSUITABLE');
  });

  describe('in a Debian root, with programs of its own', () => {
    let debian: DebianRoot;
    let server: Server;
    let port: number;
    before(async function () {
      await requireParts(this, 'namespaces');
      debian = await DebianRoot.start();
      server = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1');
      await once(server, 'listening');
      ({ port } = server.address() as AddressInfo);
    });
    after(async () => {
      server.close();
      await debian.close();
    });

    function serve(which: 'old' | 'new'): void {
      const { chainPem, privateKeyPem } = rotation.leaf(which);
      server.setSecureContext({ cert: chainPem, key: privateKeyPem });
      createSecureContext({ cert: chainPem, key: privateKeyPem });
    }
    const programs = {
      curl: () => {
        const resolve = `hub.mirror.test:${port}:127.0.0.1`;
        return debian.run('curl', '-sS', '--resolve', resolve, `https://hub.mirror.test:${port}/`);
      },
      openssl: () =>
        debian.run(
          ...['sh', '-c'],
          `: | openssl s_client -verify_return_error -servername hub.mirror.test -connect 127.0.0.1:${port}`,
        ),
      python: () =>
        debian.run(
          ...['python3', '-c'],
          `import socket, ssl; ssl.create_default_context().wrap_socket(socket.create_connection(("127.0.0.1", ${port})), server_hostname="hub.mirror.test")`,
        ),
    } as const;

    async function expectTrust(which: 'old' | 'new'): Promise<void> {
      serve(which);
      for (const connect of Object.values(programs)) await connect();
    }
    async function expectDistrust(which: 'old' | 'new'): Promise<void> {
      serve(which);
      for (const connect of Object.values(programs)) {
        const { stderr, stdout } = await failureOf(connect());
        expect(`${stderr}${stdout}`).to.match(/certificate/i);
      }
    }

    it('curl, openssl and Python trust the mirror through a rotation, and the retired root no more', async () => {
      await expectDistrust('old');
      await injectDir(debian.path, 'before');
      await expectTrust('old');
      await injectDir(debian.path, 'overlap');
      await expectTrust('old');
      await expectTrust('new');
      await injectDir(debian.path, 'after');
      await expectTrust('new');
      await expectDistrust('old');
      await debian.run('update-ca-certificates');
      await expectTrust('new');
      await expectDistrust('old');
      expect(await injectDir(debian.path, 'after')).to.deep.equal([]);
    });
  });
});
