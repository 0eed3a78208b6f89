import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect } from 'chai';
import { bundlePem } from '../../../lib/ca/bundle.ts';
import type { MirrorgateError } from '../../../lib/errors/mirrorgate-error.ts';
import { DebugfsTree } from '../../../lib/injection/debugfs-tree.ts';
import { withImageTree } from '../../../lib/injection/image-tree.ts';
import { inject } from '../../../lib/injection/inject.ts';
import { LoopTree } from '../../../lib/injection/loop-tree.ts';
import { killedInjection } from '../../support/clients/killed-injection.ts';
import { Rotation } from '../../support/clients/rotation.ts';
import { testAccess } from '../../support/clients/test-access.ts';
import { requireParts } from '../../support/lab/lab-availability.ts';
import { poll } from '../../support/lab/polling.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { scaled } from '../../support/scale.ts';

const rotation = new Rotation();
const others = bundlePem(new Rotation().before);
const systemBundle = '/etc/ssl/certs/ca-certificates.crt';
type Stage = 'before' | 'overlap' | 'after';

for (const imageAccess of ['auto', 'debugfs'] as const) {
  const how = imageAccess === 'auto' ? 'loop mount' : 'debugfs';
  describe(`ca inject image: by ${how}`, function () {
    this.timeout(30_000);
    let directory: TemporaryDirectory;
    let image: string;
    before(async function () {
      if (imageAccess === 'auto') await requireParts(this, 'loop devices');
    });
    beforeEach(async () => {
      directory = await TemporaryDirectory.create('image');
      image = directory.join('root.ext4');
      const root = directory.join('root');
      await mkdir(`${root}/etc/ssl/certs`, { recursive: true });
      await mkdir(`${root}/etc/docker`);
      await mkdir(`${root}/usr/share/ca-certificates`, { recursive: true });
      await writeFile(`${root}${systemBundle}`, others);
      await writeFile(image, '');
      await truncate(image, 4 << 20);
      execFileSync('mkfs.ext4', ['-q', '-d', root, image]);
    });
    afterEach(() => directory.close());

    const injectImage = (stage: Stage, isDryRun = false) =>
      inject(
        { kind: 'image', path: image },
        { bundle: rotation[stage], access: testAccess(), isDryRun, imageAccess },
      );
    const debugfs = (command: string): string =>
      execFileSync('debugfs', ['-R', command, image], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    const read = (path: string): string => debugfs(`cat ${path}`);
    const digest = async (): Promise<string> =>
      createHash('sha256')
        .update(await readFile(image))
        .digest('hex');
    const code = async (): Promise<string> => (await rejectionOf(injectImage('before'))).code;

    it('puts the root into the file system, which stays whole, with nothing mounted', async () => {
      await injectImage('before');
      expect(read(systemBundle)).to.equal(others + bundlePem(rotation.before));
      expect(read('/etc/docker/certs.d/hub.mirror.test/ca.crt')).to.equal(
        bundlePem(rotation.before),
      );
      expect(debugfs(`stat ${systemBundle}`))
        .to.match(/Mode: +0644/)
        .and.match(/User: +0 /);
      execFileSync('e2fsck', ['-fn', image], { stdio: 'ignore' });
    });

    it('takes a retired root out, and changes nothing the second time', async () => {
      await injectImage('before');
      await injectImage('overlap');
      await injectImage('after');
      expect(read(systemBundle)).to.equal(others + bundlePem(rotation.after));
      expect(
        debugfs('ls -p /usr/local/share/ca-certificates').match(/mirrorgate-/g),
      ).to.have.length(1);
      const before = await digest();
      expect(await injectImage('after')).to.deep.equal([]);
      expect(await injectImage('before', true)).not.to.deep.equal([]);
      expect(await digest()).to.equal(before);
    });

    it('keeps the mode of the image', async () => {
      const { mode } = await stat(image);
      await injectImage('before');
      expect((await stat(image)).mode).to.equal(mode);
      expect((await readdir(directory.path)).sort()).to.deep.equal(['root', 'root.ext4']);
    });

    it('leaves a whole image when it is killed', async () => {
      const files = [directory.join('a.pem'), directory.join('b.pem')] as const;
      await writeFile(files[0], bundlePem(rotation.before));
      await writeFile(files[1], bundlePem(rotation.after));
      for (let kill = 0; kill < scaled(2); kill += 1) {
        await killedInjection(`image:${image}`, files, { afterMs: 150 + kill * 211, imageAccess });
        await poll(async () => ((await loopDevicesOf(image)).length === 0 ? true : undefined), {
          deadlineMs: 10_000,
          what: 'no loop device left',
        });
        execFileSync('e2fsck', ['-fn', image], { stdio: 'ignore' });
        expect(read(systemBundle)).to.be.oneOf([
          others,
          others + bundlePem(rotation.before),
          others + bundlePem(rotation.after),
        ]);
      }
      await injectImage('before');
      expect(read(systemBundle)).to.equal(others + bundlePem(rotation.before));
      expect((await readdir(directory.path)).filter((name) => name.startsWith('.'))).to.deep.equal(
        [],
      );
    });

    it('refuses an image that a process has open', async () => {
      const user = spawn('sleep', ['60'], {
        stdio: [openSync(image, 'r+'), 'ignore', 'ignore'],
      });
      await once(user, 'spawn');
      try {
        expect(await code()).to.equal('MIRRORGATE_INJECT_IN_USE');
      } finally {
        user.kill('SIGKILL');
        await once(user, 'close');
      }
    });

    it('refuses what is no ext4 file system, and says what to do with a disk', async () => {
      await truncate(image, 0);
      await truncate(image, 1 << 20);
      const error = await rejectionOf(injectImage('before'));
      expect(error.code).to.equal('MIRRORGATE_INJECT_UNSUITABLE');
      expect(error.hint).to.include('losetup');
    });

    it('refuses one that was not unmounted cleanly', async () => {
      execFileSync('debugfs', ['-w', '-R', 'feature needs_recovery', image], { stdio: 'ignore' });
      expect(await code()).to.equal('MIRRORGATE_INJECT_UNSUITABLE');
    });

    it('changes nothing in one that is full, and says so', async () => {
      await writeFile(directory.join('filler'), Buffer.alloc(5 << 20, 1));
      const fill = `write ${directory.join('filler')} /filler`;
      execFileSync('debugfs', ['-w', '-R', fill, image], { stdio: 'ignore' });
      const before = await digest();
      expect(await code()).to.equal('MIRRORGATE_INJECT_FAILED');
      expect(await digest()).to.equal(before);
    });

    it('is reached as it says, and leaves no mount and no loop device', async () => {
      await withImageTree(image, imageAccess, (tree) => {
        expect(tree).to.be.instanceOf(imageAccess === 'auto' ? LoopTree : DebugfsTree);
        return Promise.resolve();
      });
      await injectImage('before');
      expect(await readFile('/proc/mounts', 'utf8')).to.not.contain('mirrorgate-image-');
      expect(await loopDevicesOf(image)).to.deep.equal([]);
    });

    it('refuses a file system that is marked as never to be written', async () => {
      execFileSync('tune2fs', ['-O', 'read-only', image], { stdio: 'ignore' });
      const error = await rejectionOf(injectImage('before'));
      expect(error.code).to.equal('MIRRORGATE_INJECT_READ_ONLY');
      expect(error.hint).to.include('tune2fs');
    });

    it('refuses an image that another injection works on, and not the one after it', async () => {
      const injections = [injectImage('before'), injectImage('before')];
      const outcomes = await Promise.allSettled(injections);
      const refused = outcomes.flatMap((outcome) =>
        outcome.status === 'rejected' ? [outcome.reason as MirrorgateError] : [],
      );
      expect(refused.map(({ code: refusal }) => refusal)).to.deep.equal([
        'MIRRORGATE_INJECT_IN_USE',
      ]);
      expect(await injectImage('before')).to.deep.equal([]);
    });
  });
}

/** Those that are behind `image`, or a copy of it in the same folder. */
async function loopDevicesOf(image: string): Promise<string[]> {
  const folder = dirname(image);
  const devices = (await readdir('/sys/block')).filter((name) => name.startsWith('loop'));
  const files = await Promise.all(
    devices.map((name) => readFile(`/sys/block/${name}/loop/backing_file`, 'utf8').catch(() => '')),
  );
  return files.filter((file) => file.startsWith(`${folder}/`));
}
