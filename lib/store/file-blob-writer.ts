/** Content on its way into a file store: a file of its own that takes its final name when it is whole. */
import { mkdir, rename, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { removeFile, syncDirectory } from '../files/atomic-file.ts';
import type { Digest } from '../oci/digest.ts';
import type { Clock } from '../time/clock.ts';
import { closeOnce, readAt, sealOf } from './blob-file.ts';
import type { BlobWriter } from './blob-store.ts';
import type { StoreLayout } from './layout.ts';

export interface FileBlobWriterOptions {
  readonly layout: StoreLayout;
  readonly clock: Clock;
  readonly path: string;
  readonly handle: FileHandle;
}

export class FileBlobWriter implements BlobWriter {
  readonly #layout: StoreLayout;
  readonly #clock: Clock;
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #close: () => Promise<void>;
  #end: Promise<void> | undefined;

  constructor({ layout, clock, path, handle }: FileBlobWriterOptions) {
    this.#layout = layout;
    this.#clock = clock;
    this.path = path;
    this.#handle = handle;
    this.#close = closeOnce(handle);
  }

  async write(chunks: readonly Buffer[]): Promise<void> {
    let rest = chunks.filter((chunk) => chunk.length > 0);
    while (rest.length > 0) {
      const { bytesWritten } = await this.#handle.writev(rest);
      rest = dropBytes(rest, bytesWritten);
    }
  }

  read(position: number, length: number): Promise<Buffer> {
    return readAt(this.#handle, position, length);
  }

  commit(digest: Digest): Promise<void> {
    this.#end ??= this.#commit(digest);
    return this.#end;
  }

  async #commit(digest: Digest): Promise<void> {
    const target = this.#layout.blob(digest);
    try {
      await this.#handle.utimes(this.#clock.now(), sealOf(digest));
      await this.#handle.sync();
      await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      await rename(this.path, target);
      await syncDirectory(dirname(target));
    } catch (error) {
      await removeFile(this.path);
      throw error;
    }
  }

  discard(): Promise<void> {
    this.#end ??= removeFile(this.path).then(() => undefined);
    return this.#end;
  }

  close(): Promise<void> {
    return this.#close();
  }
}

function dropBytes(chunks: readonly Buffer[], count: number): Buffer[] {
  let left = count;
  return chunks.flatMap((chunk) => {
    const dropped = Math.min(left, chunk.length);
    left -= dropped;
    return dropped === chunk.length ? [] : [chunk.subarray(dropped)];
  });
}
