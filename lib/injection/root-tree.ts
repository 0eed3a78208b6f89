/** A root file system that roots are put into; every path is absolute and as its own machine sees it. */
export interface RootTree {
  /** For messages: `dir:/srv/rootfs`. */
  readonly name: string;
  /** Undefined where there is no such file. */
  read(path: string): Promise<Buffer | undefined>;
  isDirectory(path: string): Promise<boolean>;
  /** Names in a folder, links among them; none where there is no folder. */
  list(path: string): Promise<readonly string[]>;
  /** Makes the edits in their order, each of them whole or not at all. */
  apply(edits: readonly Edit[]): Promise<void>;
}

export type Edit =
  | { readonly kind: 'write'; readonly path: string; readonly content: Buffer }
  | { readonly kind: 'remove'; readonly path: string };

/** Of every file that is written: roots are public. */
export const fileMode = 0o644;
