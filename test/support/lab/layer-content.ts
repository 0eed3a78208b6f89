/** What the lab's images hold, as tar archives: the same arguments give the same bytes. */
import { createCipheriv, createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { endOfArchive, tarball, tarHeader, tarPadding, type TarEntry } from './tarball.ts';

/** Where an image keeps the text that tells it from all others. */
export const markerPath = '/marker';

const chunkBytes = 1024 * 1024;

/** A layer of `marker` alone. */
export function markerTar(marker: string): Buffer {
  return tarball([markerEntry(marker)]);
}

/** A file system that runs: busybox (Debian's busybox-static), its usual names, and `marker`. */
export async function busyboxTar(marker: string): Promise<Buffer> {
  const busybox = await readFile('/bin/busybox');
  return tarball([
    { kind: 'directory', path: 'bin/' },
    { kind: 'file', path: 'bin/busybox', mode: 0o755, content: busybox },
    ...['sh', 'cat', 'echo', 'ls', 'wget'].map((name): TarEntry => {
      return { kind: 'link', path: `bin/${name}`, target: 'busybox' };
    }),
    markerEntry(marker),
  ]);
}

/** One file of `sizeBytes` that do not compress (the key stream of AES under `seed`), in pieces. */
export function* randomTar(seed: string, sizeBytes: number): Generator<Buffer> {
  const entry: TarEntry = { kind: 'file', path: 'random', mode: 0o644, content: Buffer.alloc(0) };
  const key = createHash('sha256').update(seed).digest();
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  yield tarHeader(entry, sizeBytes);
  for (let left = sizeBytes; left > 0; left -= chunkBytes) {
    yield cipher.update(Buffer.alloc(Math.min(left, chunkBytes)));
  }
  yield tarPadding(sizeBytes);
  yield endOfArchive();
}

function markerEntry(marker: string): TarEntry {
  return { kind: 'file', path: 'marker', mode: 0o644, content: Buffer.from(marker) };
}
