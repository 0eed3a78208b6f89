import { randomBytes } from 'node:crypto';
import { open, readdir, truncate, utimes } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { suspectHeader } from '../../../lib/net/internal-headers.ts';
import type { Digest } from '../../../lib/oci/digest.ts';
import { CacheLab, collect, type CacheLabOptions } from '../../support/cache-lab.ts';
import { faultyStore, type FaultPlan } from '../../support/faulty-store.ts';
import { noteFigure } from '../../support/figures.ts';
import { scaled } from '../../support/scale.ts';
import { until } from '../../support/until.ts';

const repository = 'library/app';
const sizeBytes = 12 * 1024 * 1024;
const brokenAt = 8_000_000;

describe('a cached blob that cannot be read to its end', function () {
  this.timeout(60_000 * Math.max(1, scaled(1)));
  let lab: CacheLab;
  let fault: FaultPlan;

  const start = async (options: CacheLabOptions = {}): Promise<void> => {
    fault = () => undefined;
    lab = await CacheLab.start({
      wrapStore: (store) => faultyStore(store, (at) => fault(at)),
      ...options,
    });
  };
  const path = (digest: Digest): string => `/v2/${repository}/blobs/${digest}`;
  const cached = async (bytes: Buffer): Promise<Digest> => {
    const digest = lab.registry.addBlob(bytes);
    await lab.get(path(digest));
    await until('the blob to be a hit', async () => {
      const { headers } = await lab.head(path(digest));
      return headers['cache-status'] === 'mirrorgate; hit';
    });
    lab.registry.forgetRequests();
    return digest;
  };
  const setAside = async (): Promise<number> =>
    (await readdir(lab.layout.quarantine).catch(() => [])).length;
  const begun = async (digest: Digest): Promise<IncomingMessage> => {
    const response = await lab.open(path(digest));
    expect(response.headers['cache-status']).to.equal('mirrorgate; hit');
    return response;
  };
  const expectWhole = async (response: IncomingMessage, bytes: Buffer): Promise<void> => {
    const answer = await collect(response);
    expect(answer.isComplete && answer.body.equals(bytes)).to.equal(true);
  };

  afterEach(() => lab.close());

  it('is set aside in the middle of the answer, which goes on from the upstream', async () => {
    await start();
    const bytes = randomBytes(sizeBytes);
    const digest = await cached(bytes);
    fault = () => ({ at: 'read', code: 'EIO', afterBytes: brokenAt });
    await expectWhole(await begun(digest), bytes);
    expect(lab.registry.count('blob', 'GET')).to.equal(1);
    expect(await setAside()).to.equal(1);
    expect(lab.log.entries.map(({ event }) => event)).to.include('blob breaks off on disk');
  });

  it('is asked for as far as the client wanted it', async () => {
    await start();
    const bytes = randomBytes(sizeBytes);
    const digest = await cached(bytes);
    fault = () => ({ at: 'read', code: 'EIO', afterBytes: brokenAt });
    const answer = await lab.get(path(digest), { range: 'bytes=7000000-9000000' });
    expect(answer).to.include({ status: 206, isComplete: true });
    expect(answer.body.equals(bytes.subarray(7_000_000, 9_000_001))).to.equal(true);
  });

  it('is read on where it was whole after all', async () => {
    await start();
    const bytes = randomBytes(sizeBytes);
    const digest = await cached(bytes);
    let failures = 1;
    fault = (at) => (at === 'read' && failures-- > 0 ? { at, code: 'EIO' } : undefined);
    await expectWhole(await begun(digest), bytes);
    expect([lab.registry.count('blob', 'GET'), await setAside()]).to.deep.equal([0, 0]);
  });

  it('is cut where it is found whole and cannot be read all the same', async () => {
    await start();
    const bytes = randomBytes(sizeBytes);
    const digest = await cached(bytes);
    let reads = 0;
    // To hash it ends with a read that gives nothing.
    const hashReads = Math.ceil(sizeBytes / (256 * 1024)) + 1;
    const first = 3;
    fault = (at) => {
      if (at !== 'read') return undefined;
      reads += 1;
      return reads === first || reads > first + hashReads ? { at, code: 'EIO' } : undefined;
    };
    const answer = await lab.get(path(digest));
    expect(answer).to.include({ status: 200, isComplete: false });
    expect([lab.registry.count('blob', 'GET'), await setAside()]).to.deep.equal([0, 0]);
  });

  it('is cut where the upstream does not have it either', async () => {
    await start();
    const bytes = randomBytes(sizeBytes);
    const digest = await cached(bytes);
    lab.registry.removeBlob(digest);
    fault = () => ({ at: 'read', code: 'EIO', afterBytes: brokenAt });
    const answer = await lab.get(path(digest));
    expect(answer).to.include({ status: 200, isComplete: false });
    expect(answer.body.equals(bytes.subarray(0, answer.body.length))).to.equal(true);
  });

  it('and was truncated under many readers costs one transfer', async () => {
    await start();
    let right = 0;
    const readers = 10;
    for (let count = 0; count < scaled(2); count += 1) {
      const bytes = randomBytes(sizeBytes);
      const digest = await cached(bytes);
      const responses = await Promise.all(Array.from({ length: readers }, () => begun(digest)));
      await truncate(lab.layout.blob(digest), brokenAt);
      const answers = await Promise.all(responses.map(collect));
      right += answers.filter(({ isComplete, body }) => isComplete && body.equals(bytes)).length;
      expect(lab.registry.count('blob', 'GET')).to.equal(1);
    }
    const wanted = scaled(2) * readers;
    noteFigure(
      'F7',
      `truncated in the middle of ${readers} pulls each: ${right} of ${wanted} whole, one upstream GET each`,
    );
    expect([right, await setAside()]).to.deep.equal([wanted, scaled(2)]);
  });

  it('is hashed where an edge found it wrong, whatever its dates say', async () => {
    await start();
    const bytes = randomBytes(1000);
    const digest = await cached(bytes);
    const file = await open(lab.layout.blob(digest), 'r+');
    const { atime, mtime } = await file.stat();
    await file.write(Buffer.from('rot'), 0, 3, 500);
    await file.close();
    await utimes(lab.layout.blob(digest), atime, mtime);
    expect((await lab.get(path(digest))).body.equals(bytes)).to.equal(false);
    const answer = await lab.get(path(digest), { [suspectHeader]: '1' });
    expect(answer.isComplete && answer.body.equals(bytes)).to.equal(true);
    expect(await setAside()).to.equal(1);
  });
});
