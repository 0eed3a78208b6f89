/** A small disk that one script has to itself, in a mount namespace that ends with it. */
import { join } from 'node:path';
import { runCommand } from '../../support/lab/command.ts';
import { machine } from '../../support/lab/place.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';

const mountAndRun = `
mount -t tmpfs -o size=$4k,mode=0700 disk "$1"
exec "$2" --import tsx "$3" "$1" "$5"
`;

export interface SmallDiskOptions {
  /** 512 unless told. */
  readonly sizeKib?: number;
  /** The script's second. */
  readonly argument?: string;
  readonly deadlineMs?: number;
}

/**
 * Runs the script of this name in `folder` with the disk's path as its argument, and gives what it
 * printed as JSON. Needs the lab's namespaces.
 */
export async function runOnSmallDisk(
  folder: string,
  script: string,
  { sizeKib = 512, argument = '', deadlineMs }: SmallDiskOptions = {},
): Promise<unknown> {
  const directory = await TemporaryDirectory.create('small-disk');
  try {
    const command = [
      ...['unshare', '--mount', '--propagation', 'private', 'sh', '-e', '-c', mountAndRun, 'sh'],
      ...[directory.path, process.execPath, join(folder, script), String(sizeKib), argument],
    ];
    const { stdout } = await runCommand(
      machine,
      command,
      deadlineMs === undefined ? {} : { deadlineMs },
    );
    return JSON.parse(stdout) as unknown;
  } finally {
    await directory.close();
  }
}
