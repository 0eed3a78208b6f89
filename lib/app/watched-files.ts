/** The files whose changes a running gate takes into use. */
import type { Configuration } from '../config/configuration.ts';
import { WatchedFile } from '../files/watched-file.ts';

export interface FileReactions {
  readonly configuration: () => void;
  readonly allowList: () => void;
  readonly certificates: () => void;
}

/** The files that `configurations` consist of, each with what is to be done when it changes. */
export function filesOf(
  configurations: readonly Configuration[],
  reactions: FileReactions,
): ReadonlyMap<string, () => void> {
  const files = configurations.flatMap(({ file, secretFiles, allowListFile, certificates }) => [
    ...[file, ...secretFiles].map((path) => [path, reactions.configuration] as const),
    [allowListFile, reactions.allowList] as const,
    ...certificates.files
      .flatMap((pair) => [pair.certificate, pair.key])
      .map((path) => [path, reactions.certificates] as const),
  ]);
  return new Map(files);
}

export class WatchedFiles {
  readonly #watched = new Map<string, WatchedFile>();
  readonly #ranges = new Map<string, WatchedFile>();
  #isClosed = false;

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

  /** Watches a file of ranges of the allow-list too, until {@link keepRanges} is told otherwise. */
  addRanges(path: string, onChange: () => void): void {
    if (this.#isClosed || this.#ranges.has(path)) return;
    this.#ranges.set(path, new WatchedFile(path, onChange));
  }

  /** Of the files of ranges, watches these alone from now on. */
  keepRanges(paths: ReadonlySet<string>): void {
    for (const [path, watched] of this.#ranges) {
      if (paths.has(path)) continue;
      watched.close();
      this.#ranges.delete(path);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.follow(new Map());
    this.keepRanges(new Set());
  }
}
