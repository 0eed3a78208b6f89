/**
 * An ext4 image behind a loop device, mounted where nobody else sees it: in the mount namespace of
 * a process that lives no longer than ours, so that a kill leaves neither mount nor loop device.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { injectError } from './inject-error.ts';

const mountDeadlineMs = 20_000;
/** What is to be written goes with the size of the image. */
const unmountDeadlineMs = 600_000;

/** Ends, and unmounts, when its input does: with a word or with us. */
const script = `
mount -t ext4 -o "$1" -- "$2" "$3" || exit 1
echo mounted
cat > /dev/null
exec umount -- "$3"
`;

/** Nothing in an image is to be run, or taken for a device. */
const options = { read: 'loop,ro,noload,nosuid,nodev,noexec', write: 'loop,nosuid,nodev,noexec' };

export class LoopMount {
  /** The root of the file system, for this process to look into. */
  readonly folder: string;
  readonly #holder: ChildProcess;
  readonly #ended: Promise<unknown[]>;

  private constructor(holder: ChildProcess, ended: Promise<unknown[]>, folder: string) {
    this.#holder = holder;
    this.#ended = ended;
    this.folder = folder;
  }

  /** `point` is an empty folder. Undefined where this user or this machine cannot mount. */
  static async tryOpen(
    image: string,
    { point, use }: { readonly point: string; readonly use: 'read' | 'write' },
  ): Promise<LoopMount | undefined> {
    if (process.getuid?.() !== 0) return undefined;
    const shell = ['sh', '-c', script, 'sh', options[use], image, point];
    const holder = spawn('unshare', ['--mount', '--propagation', 'private', '--', ...shell], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    holder.stdin.on('error', () => undefined);
    const ended = once(holder, 'close');
    const signal = AbortSignal.timeout(mountDeadlineMs);
    const mounted = once(holder.stdout, 'data', { signal });
    // Nobody waits for it any more where the process has ended.
    mounted.catch(() => undefined);
    try {
      const isMounted = await Promise.race([mounted.then(() => true), ended.then(() => false)]);
      if (!isMounted) return undefined;
      return new LoopMount(holder, ended, `/proc/${holder.pid}/root${point}`);
    } catch {
      holder.kill('SIGKILL');
      return undefined;
    }
  }

  /**
   * Unmounts: what was written is in the image then.
   * @throws MirrorgateError `MIRRORGATE_INJECT_FAILED`
   */
  async close(): Promise<void> {
    this.#holder.stdin?.end();
    const timer = setTimeout(() => this.#holder.kill('SIGKILL'), unmountDeadlineMs);
    const [status] = await this.#ended;
    clearTimeout(timer);
    if (status !== 0) throw injectError('FAILED', `the image cannot be unmounted`);
  }
}
