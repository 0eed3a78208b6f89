/** A window of consecutive bytes in memory: appended at its end, dropped from its start. */
export class PendingBytes {
  readonly #chunks: { readonly position: number; readonly bytes: Buffer }[] = [];
  #start = 0;
  #end = 0;

  /** Position of the first byte held. */
  get start(): number {
    return this.#start;
  }

  /** Position after the last byte held. */
  get end(): number {
    return this.#end;
  }

  get sizeBytes(): number {
    return this.#end - this.#start;
  }

  append(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#chunks.push({ position: this.#end, bytes });
    this.#end += bytes.length;
  }

  /** Up to `length` bytes from `position`, without copying; undefined where they are not held. */
  slice(position: number, length: number): Buffer | undefined {
    if (position < this.#start || position >= this.#end) return undefined;
    const chunk = this.#chunks.findLast((candidate) => candidate.position <= position);
    if (chunk === undefined) return undefined;
    const offset = position - chunk.position;
    return chunk.bytes.subarray(offset, offset + length);
  }

  /** The chunks from `position` on, `maxBytes` at most (one chunk at least). */
  chunksFrom(position: number, maxBytes: number): Buffer[] {
    const chunks: Buffer[] = [];
    let size = 0;
    for (const chunk of this.#chunks) {
      if (chunk.position + chunk.bytes.length <= position) continue;
      if (chunks.length > 0 && size + chunk.bytes.length > maxBytes) break;
      const bytes = chunk.bytes.subarray(Math.max(0, position - chunk.position));
      chunks.push(bytes);
      size += bytes.length;
    }
    return chunks;
  }

  /** Lets go of every whole chunk before `position`. */
  dropBefore(position: number): void {
    let count = 0;
    for (const chunk of this.#chunks) {
      if (chunk.position + chunk.bytes.length > position) break;
      count += 1;
    }
    this.#chunks.splice(0, count);
    this.#start = this.#chunks[0]?.position ?? this.#end;
  }
}
