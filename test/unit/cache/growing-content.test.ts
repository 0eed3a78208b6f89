import { expect } from 'chai';
import { GrowingContent } from '../../../lib/cache/growing-content.ts';
import type { BlobWriter } from '../../../lib/store/blob-store.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { until } from '../../support/until.ts';

const megabyte = Buffer.alloc(1024 * 1024, 'm');

/** A disk that can be held and broken. */
class FakeDisk implements BlobWriter {
  readonly path = undefined;
  readonly written: Buffer[] = [];
  gate: Promise<unknown> = Promise.resolve();
  failure: Error | undefined;

  async write(chunks: readonly Buffer[]): Promise<void> {
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    this.written.push(...chunks);
  }

  read(position: number, length: number): Promise<Buffer> {
    return Promise.resolve(Buffer.concat(this.written).subarray(position, position + length));
  }

  commit = (): Promise<void> => Promise.resolve();
  discard = (): Promise<void> => Promise.resolve();
  close = (): Promise<void> => Promise.resolve();
}

describe('growing content', () => {
  it('gives bytes from memory before the disk has them, and from disk afterwards', async () => {
    const disk = new FakeDisk();
    const held = Promise.withResolvers<undefined>();
    disk.gate = held.promise;
    const content = new GrowingContent(disk, () => undefined);
    content.append(Buffer.from('abcdef'));
    expect((await content.read(2, 10)).toString()).to.equal('cdef');
    held.resolve(undefined);
    expect(await content.flushed()).to.equal(true);
    expect((await content.read(1, 3)).toString()).to.equal('bcd');
  });

  it('makes its source wait while the disk is behind', async () => {
    const disk = new FakeDisk();
    const held = Promise.withResolvers<undefined>();
    disk.gate = held.promise;
    const content = new GrowingContent(disk, () => undefined);
    for (let count = 0; count < 9; count += 1) content.append(megabyte);
    let hasRoom = false;
    const room = content.room().then(() => (hasRoom = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(hasRoom).to.equal(false);
    held.resolve(undefined);
    await room;
  });

  it('serves its readers from memory, at their pace, when the disk fails', async () => {
    const disk = new FakeDisk();
    const told: unknown[] = [];
    const content = new GrowingContent(disk, (error) => told.push(error));
    const reader = content.enter(0);
    disk.failure = new Error('ENOSPC');
    for (let count = 0; count < 9; count += 1) content.append(megabyte);
    expect(await content.flushed()).to.equal(false);
    expect(told).to.have.length(1);
    let hasRoom = false;
    const room = content.room().then(() => (hasRoom = true));
    for (let position = 0; position < 9 * megabyte.length; position += megabyte.length) {
      expect((await content.read(position, megabyte.length)).equals(megabyte)).to.equal(true);
      content.moved(reader, position + megabyte.length);
    }
    await room;
    expect(hasRoom).to.equal(true);
    expect(content.isWhole).to.equal(false);
  });

  it('keeps every byte for the slowest reader', async () => {
    const content = new GrowingContent(undefined, () => undefined);
    const slow = content.enter(0);
    const fast = content.enter(0);
    for (let count = 0; count < 6; count += 1) content.append(megabyte);
    content.moved(fast, 6 * megabyte.length);
    expect((await content.read(0, 1)).toString()).to.equal('m');
    content.moved(slow, 5 * megabyte.length);
    const error = await rejectionOf(content.read(0, 1));
    expect(error.code).to.equal('MIRRORGATE_CACHE_PASSED');
  });

  it('is wanted by nobody once the disk has failed and the last reader left', async () => {
    const disk = new FakeDisk();
    const content = new GrowingContent(disk, () => undefined);
    const reader = content.enter(0);
    disk.failure = new Error('EIO');
    content.append(megabyte);
    await content.flushed();
    expect(content.isWanted).to.equal(true);
    for (let count = 0; count < 9; count += 1) content.append(megabyte);
    const room = content.room();
    content.leave(reader);
    await room;
    await until('nobody to want it', () => !content.isWanted);
  });
});
