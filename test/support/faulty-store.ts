/** A store whose disk fails where a test says so, which no real disk does on demand. */
import type { BlobStore, BlobWriter, StoredBlob } from '../../lib/store/blob-store.ts';

export interface DiskFault {
  readonly at: 'create' | 'write' | 'commit' | 'open' | 'read' | 'setAside';
  /** `ENOSPC`, `EIO`, … */
  readonly code: string;
  /** For `write`: bytes that each writer takes before it fails; for `read`: those before what fails. */
  readonly afterBytes?: number;
}

/** Asked at each operation; undefined lets it pass. */
export type FaultPlan = (at: DiskFault['at']) => DiskFault | undefined;

export function faultyStore(store: BlobStore, fault: FaultPlan): BlobStore {
  const failAt = (place: DiskFault['at']): void => {
    const active = fault(place);
    if (active?.at === place) throw systemError(active.code);
  };
  return {
    async open(digest) {
      failAt('open');
      const blob = await store.open(digest);
      return blob && faultyBlob(blob, fault);
    },
    async create() {
      failAt('create');
      return faultyWriter(await store.create(), fault, failAt);
    },
    touch: (...use) => store.touch(...use),
    remove: (digest) => store.remove(digest),
    async setAside(digest) {
      failAt('setAside');
      await store.setAside(digest);
    },
    list: () => store.list(),
  };
}

function faultyBlob(blob: StoredBlob, fault: FaultPlan): StoredBlob {
  return {
    ...blob,
    async read(position, length) {
      const active = fault('read');
      if (active?.at === 'read' && position + length > (active.afterBytes ?? 0)) {
        throw systemError(active.code);
      }
      return await blob.read(position, length);
    },
  };
}

function faultyWriter(
  writer: BlobWriter,
  fault: FaultPlan,
  failAt: (place: DiskFault['at']) => void,
): BlobWriter {
  let written = 0;
  return {
    path: writer.path,
    async write(chunks) {
      const active = fault('write');
      if (active?.at === 'write' && written >= (active.afterBytes ?? 0)) {
        throw systemError(active.code);
      }
      await writer.write(chunks);
      written += chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    },
    async commit(digest) {
      try {
        failAt('commit');
      } catch (error) {
        await writer.discard();
        throw error;
      }
      await writer.commit(digest);
    },
    read: (...span) => writer.read(...span),
    discard: () => writer.discard(),
    close: () => writer.close(),
  };
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}
