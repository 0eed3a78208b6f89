/** The files whose changes a running gate takes into use. */
import { WatchedFile } from '../files/watched-file.ts';

export class WatchedFiles {
  readonly #watched = new Map<string, WatchedFile>();

  /** Watches these paths and no others. One that was watched before misses no change meanwhile. */
  follow(files: ReadonlyMap<string, () => void>): void {
    for (const [path, watched] of this.#watched) {
      if (files.has(path)) continue;
      watched.close();
      this.#watched.delete(path);
    }
    for (const [path, onChange] of files) {
      if (!this.#watched.has(path)) this.#watched.set(path, new WatchedFile(path, onChange));
    }
  }

  close(): void {
    this.follow(new Map());
  }
}
