/**
 * Notices that a file changed by polling its status twice a second. Polling sees what event
 * watchers miss: editors that rename over the file, symbolic links that are swapped
 * (Kubernetes ConfigMaps), network file systems, and a file that comes back.
 */
import { unwatchFile, watchFile, type BigIntStats } from 'node:fs';

const pollIntervalMs = 500;

/** Calls `onChange` after each change of the content or identity of `path`, until `close()`. */
export class WatchedFile {
  readonly #path: string;
  readonly #listener: (now: BigIntStats, before: BigIntStats) => void;

  constructor(path: string, onChange: () => void) {
    this.#path = path;
    this.#listener = (now, before) => {
      const same =
        now.mtimeNs === before.mtimeNs &&
        now.ctimeNs === before.ctimeNs &&
        now.ino === before.ino &&
        now.size === before.size;
      if (!same) onChange();
    };
    const options = { interval: pollIntervalMs, persistent: false, bigint: true } as const;
    watchFile(path, options, this.#listener);
  }

  close(): void {
    unwatchFile(this.#path, this.#listener as never);
  }
}
