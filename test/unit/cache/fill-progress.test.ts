import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { Fill } from '../../../lib/cache/fill.ts';
import { digestOf, type Digest } from '../../../lib/oci/digest.ts';
import type { BlobWriter } from '../../../lib/store/blob-store.ts';
import { systemClock } from '../../../lib/time/clock.ts';
import { rejectionOf } from '../../support/rejection.ts';

const pieceBytes = 128 * 1024;
const bytes = randomBytes(8 * pieceBytes);
const holdbackBytes = 64 * 1024;

/** A file that fails after so many bytes. */
class FakeFile implements BlobWriter {
  readonly path = '/filling/worker-1/ab';
  readonly #failsAfter: number;
  #written = Buffer.alloc(0);

  constructor(failsAfter = Infinity) {
    this.#failsAfter = failsAfter;
  }

  get sizeBytes(): number {
    return this.#written.length;
  }

  write(chunks: readonly Buffer[]): Promise<void> {
    const grown = Buffer.concat([this.#written, ...chunks]);
    if (grown.length > this.#failsAfter) return Promise.reject(new Error('EIO'));
    this.#written = grown;
    return Promise.resolve();
  }

  read(position: number, length: number): Promise<Buffer> {
    return Promise.resolve(this.#written.subarray(position, position + length));
  }

  commit = (): Promise<void> => Promise.resolve();
  discard = (): Promise<void> => Promise.resolve();
  close = (): Promise<void> => Promise.resolve();
}

/** The blob in pieces, with a look at the loop between them, as from a socket. */
async function* arriving(): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    await new Promise((resolve) => setImmediate(resolve));
    yield bytes.subarray(at, at + pieceBytes);
  }
}

function fillOf(writer: BlobWriter | undefined, digest: Digest = digestOf(bytes)): Fill {
  const fill = new Fill({
    digest,
    ...{ sizeBytes: bytes.length, bytes: arriving(), writer, clock: systemClock },
    onDiskTrouble: () => undefined,
    finishesFor: () => true,
    onSettled: () => undefined,
  });
  // Its readers tell.
  fill.outcome().catch(() => undefined);
  return fill;
}

describe('the progress of a fill', () => {
  it('tells what the file has, and at the end all of it', async () => {
    const file = new FakeFile();
    const reader = fillOf(file).reader(0);
    let told = 0;
    for await (const position of reader.progress()) {
      expect(position).to.be.above(told);
      expect(position).to.be.at.most(file.sizeBytes);
      told = position;
    }
    reader.close();
    expect(told).to.equal(bytes.length);
  });

  it('ends with the range that is wanted', async () => {
    const reader = fillOf(new FakeFile()).reader(10, 99_999);
    const told: number[] = [];
    for await (const position of reader.progress()) told.push(position);
    reader.close();
    expect(told.at(-1)).to.equal(100_000);
  });

  it('never tells the last bytes of content that is not the digest’s', async () => {
    const reader = fillOf(new FakeFile(), digestOf(Buffer.from('other'))).reader(0);
    let told = 0;
    const follow = async (): Promise<void> => {
      for await (const position of reader.progress()) told = position;
    };
    const failure = await rejectionOf(follow());
    reader.close();
    expect(failure.code).to.equal('MIRRORGATE_CONTENT_INVALID');
    expect(told).to.be.at.most(bytes.length - holdbackBytes);
  });

  it('ends where the disk fails, and the rest can be read', async () => {
    const fill = fillOf(new FakeFile(3 * pieceBytes));
    expect(fill.path).to.equal('/filling/worker-1/ab');
    const reader = fill.reader(0);
    let told = 0;
    for await (const position of reader.progress()) told = position;
    expect(told).to.be.at.most(3 * pieceBytes);
    const rest: Buffer[] = [];
    for await (const piece of reader.read()) rest.push(piece);
    reader.close();
    expect(Buffer.concat(rest).equals(bytes.subarray(told))).to.equal(true);
    expect(fill.path).to.equal(undefined);
  });

  it('is none without a file', async () => {
    const fill = fillOf(undefined);
    const reader = fill.reader(0);
    expect(await reader.progress().next()).to.deep.equal({ done: true, value: undefined });
    reader.close();
    expect(fill.path).to.equal(undefined);
  });
});
