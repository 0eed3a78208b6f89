/**
 * Notices that a file changed by polling its status twice a second. Polling sees what event
 * watchers miss: editors that rename over the file, symbolic links that are swapped
 * (Kubernetes ConfigMaps), network file systems, and a file that comes back.
 */
import { statSync, type BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';

const pollIntervalMs = 500;

/**
 * Calls `onChange` after each change of the content or identity of `path`, until `close()`.
 * Whatever changes after the constructor returned is told: who watches before reading misses nothing.
 */
export class WatchedFile {
  readonly #path: string;
  readonly #onChange: () => void;
  #seen: string;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(path: string, onChange: () => void) {
    this.#path = path;
    this.#onChange = onChange;
    // fs.watchFile looks for the first time later, and takes what it finds then for unchanged.
    this.#seen = identityNow(path);
    this.#wait();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #wait(): void {
    this.#timer = setTimeout(() => void this.#look(), pollIntervalMs).unref();
  }

  async #look(): Promise<void> {
    const now = await stat(this.#path, { bigint: true }).then(identityOf, () => absent);
    if (this.#closed) return;
    this.#wait();
    if (now === this.#seen) return;
    this.#seen = now;
    this.#onChange();
  }
}

const absent = 'absent';

function identityNow(path: string): string {
  try {
    return identityOf(statSync(path, { bigint: true }));
  } catch {
    return absent;
  }
}

function identityOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}
