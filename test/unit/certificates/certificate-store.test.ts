import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  mkdir,
  readdir,
  readFile,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import {
  fileCertificateStore,
  type CertificateStore,
} from '../../../lib/certificates/certificate-store.ts';
import { sitePaths } from '../../../lib/certificates/certs-layout.ts';
import { temporaryPath } from '../../../lib/files/atomic-file.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { testCertifiedKey } from '../../support/test-certificates.ts';

describe('certificate store on disk', () => {
  const [first, second, third] = [1, 2, 3].map(() => testCertifiedKey(['hub.example.test']));
  let top: TemporaryDirectory;
  let directory: string;
  let logger: ReturnType<typeof recordedLog>;
  let store: CertificateStore;
  const clock = new ManualClock();

  beforeEach(async () => {
    top = await TemporaryDirectory.create('store');
    directory = top.join('certs');
    logger = recordedLog();
    store = fileCertificateStore({ directory, clock, logger });
  });
  afterEach(() => top.close());

  const paths = () => sitePaths(directory, 'hub', 'private-ca');

  it('has nothing of a site that it does not know, and makes nothing for it', async () => {
    expect(await store.load('hub', 'private-ca')).to.equal(undefined);
    expect(await readdir(top.path)).to.deep.equal([]);
  });

  it('gives back the newest, and keeps the one before as a file', async () => {
    await store.save('hub', 'private-ca', first!);
    await store.save('hub', 'private-ca', second!);
    expect(await store.load('hub', 'private-ca')).to.deep.equal(second);
    expect(await readFile(paths().previous, 'utf8')).to.contain(first!.chainPem);
  });

  it('keeps what each issuer made apart', async () => {
    await store.save('hub', 'private-ca', first!);
    await store.save('hub', 'files', second!);
    expect(await store.load('hub', 'private-ca')).to.deep.equal(first);
    expect(await store.load('hub', 'files')).to.deep.equal(second);
  });

  it('lets nobody else read a key', async () => {
    await store.save('hub', 'private-ca', first!);
    await store.save('hub', 'private-ca', second!);
    const { directory: folder, current, previous } = paths();
    const modes = [directory, folder, current, previous].map(
      async (path) => (await stat(path)).mode & 0o777,
    );
    expect(await Promise.all(modes)).to.deep.equal([0o700, 0o700, 0o600, 0o600]);
  });

  it('refuses a file or folder that others can read', async () => {
    await store.save('hub', 'private-ca', first!);
    await chmod(paths().current, 0o644);
    const read = await rejectionOf(store.load('hub', 'private-ca'));
    expect(read.code).to.equal('MIRRORGATE_FILES_PERMISSIONS');
    await chmod(paths().directory, 0o755);
    const written = await rejectionOf(store.save('hub', 'private-ca', second!));
    expect(written.code).to.equal('MIRRORGATE_FILES_PERMISSIONS');
  });

  for (const [what, lengthBytes] of [
    ['cut', 700],
    ['emptied', 0],
  ] as const) {
    it(`gives the one before where the newest was ${what}, and says so`, async () => {
      await store.save('hub', 'private-ca', first!);
      await store.save('hub', 'private-ca', second!);
      await truncate(paths().current, lengthBytes);
      expect(await store.load('hub', 'private-ca')).to.deep.equal(first);
      expect(logger.entries.map(({ event }) => event)).to.deep.equal([
        'stored certificate damaged',
      ]);
    });

    it(`does not push out the last whole one by one that was ${what}`, async () => {
      await store.save('hub', 'private-ca', first!);
      await store.save('hub', 'private-ca', second!);
      await truncate(paths().current, lengthBytes);
      await store.save('hub', 'private-ca', third!);
      await truncate(paths().current, lengthBytes);
      expect(await store.load('hub', 'private-ca')).to.deep.equal(first);
    });
  }

  it('has nothing where every generation is damaged, so that another is made', async () => {
    await store.save('hub', 'private-ca', first!);
    await truncate(paths().current, 0);
    expect(await store.load('hub', 'private-ca')).to.equal(undefined);
    await store.save('hub', 'private-ca', second!);
    expect(await store.load('hub', 'private-ca')).to.deep.equal(second);
  });

  it('refuses a key that belongs to another certificate', async () => {
    await store.save('hub', 'private-ca', first!);
    await writeFile(paths().current, first!.chainPem + second!.privateKeyPem);
    expect(await store.load('hub', 'private-ca')).to.equal(undefined);
  });

  it('removes what a crash left half-written', async () => {
    await store.save('hub', 'private-ca', first!);
    const left = temporaryPath(paths().current);
    await writeFile(left, first!.chainPem.slice(0, 300));
    const before = clock.now().getTime() / 1000 - 3600;
    await utimes(left, before, before);
    expect(await store.load('hub', 'private-ca')).to.deep.equal(first);
    await store.save('hub', 'private-ca', second!);
    expect(await readdir(paths().directory)).to.have.members([
      'private-ca.pem',
      'private-ca.previous.pem',
    ]);
  });

  it('keeps what stands where the disk refuses the new one', async () => {
    await store.save('hub', 'private-ca', first!);
    await mkdir(paths().previous, { mode: 0o700 });
    const error = await rejectionOf(store.save('hub', 'private-ca', second!));
    expect(error.code).to.equal('MIRRORGATE_CERTIFICATE_STORE');
    expect(error.message).to.contain(paths().current);
    expect(await store.load('hub', 'private-ca')).to.deep.equal(first);
  });

  it('is whole whenever its writer is killed', async function () {
    this.timeout(60_000);
    const script = new URL('../../support/saving-process.ts', import.meta.url).pathname;
    for (let round = 0; round < 6; round += 1) {
      const child = spawn(process.execPath, ['--import', 'tsx', script, directory], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
      expect(line).to.equal('saving');
      await delay(round * 3);
      child.kill('SIGKILL');
      await once(child, 'close');
      expect(await store.load('hub', 'private-ca')).to.have.keys('chainPem', 'privateKeyPem');
      expect(logger.entries).to.deep.equal([]);
    }
  });
});
