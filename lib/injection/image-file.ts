/**
 * A file that holds an ext4 file system. It is never edited itself: edits go into a copy, which
 * takes its place when it is whole.
 */
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isTemporaryName, syncDirectory, temporaryPath } from '../files/atomic-file.ts';
import { runCommand, type CommandResult } from './command.ts';
import { assertUnused } from './file-users.ts';
import { fileError, injectError } from './inject-error.ts';

/** Copying and checking go with the size of the image. */
const deadlineMs = 600_000;

/** Where the superblock stands, and what of it is looked at (ext4(5), fs/ext4/ext4.h). */
const superblock = { offset: 1024, bytes: 104 };
const magic = { offset: 56, value: 0xef53 };
const incompatible = { offset: 96, needsRecovery: 0x4 };
const readOnlyCompatible = { offset: 100, readOnly: 0x1000 };

/**
 * @throws MirrorgateError `MIRRORGATE_INJECT_UNREADABLE`, `MIRRORGATE_INJECT_UNSUITABLE`,
 *   `MIRRORGATE_INJECT_READ_ONLY`
 */
export async function assertEditable(image: string): Promise<void> {
  const block = await readSuperblock(image);
  if (block?.readUInt16LE(magic.offset) !== magic.value) {
    throw injectError('UNSUITABLE', `image:${image} holds no ext4 file system of its own`, {
      hint: 'a disk with partitions: losetup -P, mount the root, and use dir:FOLDER',
    });
  }
  if ((block.readUInt32LE(incompatible.offset) & incompatible.needsRecovery) !== 0) {
    throw injectError('UNSUITABLE', `image:${image} was not unmounted cleanly`, {
      hint: `run: e2fsck -p ${image}`,
    });
  }
  if ((block.readUInt32LE(readOnlyCompatible.offset) & readOnlyCompatible.readOnly) !== 0) {
    throw injectError('READ_ONLY', `image:${image} is marked as never to be written`, {
      hint: `where that is not meant so: tune2fs -O ^read-only ${image}`,
    });
  }
}

/** Undefined where the file is shorter. */
async function readSuperblock(image: string): Promise<Buffer | undefined> {
  try {
    if (!(await stat(image)).isFile()) throw injectError('UNSUITABLE', `${image} is not a file`);
    const handle = await open(image, 'r');
    try {
      const { offset, bytes } = superblock;
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, offset);
      return bytesRead === bytes ? buffer : undefined;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError('image', image, error);
  }
}

/**
 * Lets `edit` change a copy of the image, which then takes its place if it is whole. A kill at any
 * moment leaves the image as before or after.
 * @throws MirrorgateError `MIRRORGATE_INJECT_*`
 */
export async function replaceImage(
  image: string,
  edit: (copy: string) => Promise<void>,
): Promise<void> {
  const copy = temporaryPath(image);
  try {
    await removeLeftovers(image);
    const toCopy = ['-p', '--sparse=always', '--reflink=auto', '--', image, copy];
    await runTool(['cp', ...toCopy], 'coreutils');
    await edit(copy);
    await runTool(['e2fsck', '-f', '-n', copy], 'e2fsprogs');
    await syncFile(copy);
    await assertUnused(image);
    await rename(copy, image);
    await syncDirectory(dirname(image));
  } catch (error) {
    throw fileError(`image:${image}`, image, error);
  } finally {
    await rm(copy, { force: true });
  }
}

/** @throws MirrorgateError `MIRRORGATE_INJECT_FAILED` unless it ends with 0 */
export async function runTool(
  command: readonly [string, ...string[]],
  from: string,
): Promise<CommandResult> {
  const result = await runCommand(command, { deadlineMs, package: from });
  if (result.status === 0) return result;
  const said = `${result.stderr}\n${result.stdout}`.trim().split('\n').at(-1) ?? '';
  throw injectError('FAILED', `${command[0]} failed on ${command.at(-1)}: ${said}`);
}

/** Copies that a run left behind which was cut off. */
async function removeLeftovers(image: string): Promise<void> {
  const folder = dirname(image);
  for (const name of await readdir(folder)) {
    const isCopy = isTemporaryName(name) && name.endsWith(`-${basename(image).slice(0, 64)}`);
    if (isCopy) await rm(join(folder, name), { force: true });
  }
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
