/** Tar archives as image layers need them: ustar, root's files, no dates, so the same bytes each time. */

export type TarEntry =
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly mode: number;
      readonly content: Buffer;
    }
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

const blockBytes = 512;
const typeFlags = { file: '0', link: '2', directory: '5' } as const;

/** The archive in whole; paths are relative and shorter than 100 bytes (POSIX ustar). */
export function tarball(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(tarRecord), endOfArchive()]);
}

/** What stands before the content of a file, for archives too large to build in memory. */
export function tarHeader(entry: TarEntry, sizeBytes: number): Buffer {
  const header = Buffer.alloc(blockBytes);
  const mode = entry.kind === 'file' ? entry.mode : 0o755;
  header.write(entry.path, 0, 'utf8');
  header.write(octal(mode, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(sizeBytes, 11), 124);
  header.write(octal(0, 11), 136);
  header.write(' '.repeat(8), 148);
  header.write(typeFlags[entry.kind], 156);
  if (entry.kind === 'link') header.write(entry.target, 157);
  header.write('ustar\u000000', 257);
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${octal(checksum, 6)}\u0000 `, 148);
  return header;
}

/** Zeros that fill the last block of `sizeBytes` of content. */
export function tarPadding(sizeBytes: number): Buffer {
  return Buffer.alloc((blockBytes - (sizeBytes % blockBytes)) % blockBytes);
}

export function endOfArchive(): Buffer {
  return Buffer.alloc(2 * blockBytes);
}

function tarRecord(entry: TarEntry): Buffer[] {
  const content = entry.kind === 'file' ? entry.content : Buffer.alloc(0);
  return [tarHeader(entry, content.length), content, tarPadding(content.length)];
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}
