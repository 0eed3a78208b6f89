import { randomBytes, randomInt } from 'node:crypto';
import { open, readdir, truncate, utimes } from 'node:fs/promises';
import { expect } from 'chai';
import type { Digest } from '../../../lib/oci/digest.ts';
import { CacheLab } from '../../support/cache-lab.ts';
import { noteFigure } from '../../support/figures.ts';
import { scaled } from '../../support/scale.ts';
import { until } from '../../support/until.ts';

const repository = 'library/app';
const sizeBytes = 50_000;

describe('content that was damaged on disk', function () {
  this.timeout(60_000 * Math.max(1, scaled(1)));
  let lab: CacheLab;

  afterEach(() => lab.close());

  const damages: Record<string, (path: string) => Promise<void>> = {
    'a flipped byte': (path) => overwrite(path, randomInt(0, sizeBytes), randomBytes(8)),
    'a truncation': (path) => truncate(path, randomInt(0, sizeBytes)),
    'zeroed bytes': (path) => overwrite(path, 4096, Buffer.alloc(8192)),
    'bytes appended': (path) => overwrite(path, sizeBytes, randomBytes(10)),
  };
  for (const [what, damage] of Object.entries(damages)) {
    it(`by ${what} is found when it is opened, and fetched again in the same request`, async () => {
      lab = await CacheLab.start();
      for (let count = 0; count < scaled(5); count += 1) {
        const bytes = randomBytes(sizeBytes);
        const digest = await cached(lab, bytes);
        await damage(lab.layout.blob(digest));
        const answer = await lab.get(`/v2/${repository}/blobs/${digest}`);
        expect(answer.isComplete && answer.body.equals(bytes)).to.equal(true);
        await recommitted(lab, digest);
      }
      const found = (await readdir(lab.layout.quarantine)).length;
      noteFigure('F7', `${what}: ${found} of ${scaled(5)} found when opened, and replaced`);
      expect(found).to.equal(scaled(5));
    });
  }

  it('and hidden behind its old dates is found by scrubbing', async () => {
    const scrubPeriodMs = 3_600_000;
    lab = await CacheLab.start({ cache: { scrubPeriodMs } });
    const bytes = randomBytes(sizeBytes);
    const digest = await cached(lab, bytes);
    await cached(lab, randomBytes(sizeBytes));
    const path = lab.layout.blob(digest);
    const file = await open(path, 'r+');
    const { atime, mtime } = await file.stat();
    await file.write(Buffer.from('rot'), 0, 3, 1000);
    await file.close();
    await utimes(path, atime, mtime);
    await until('the damage to be found', async () => {
      await lab.clock.advance(60_000);
      const names = await readdir(lab.layout.quarantine).catch(() => []);
      return names.length === 1;
    });
    const answer = await lab.get(`/v2/${repository}/blobs/${digest}`);
    expect(answer.body.equals(bytes)).to.equal(true);
    expect(answer.headers['cache-status']).to.equal('mirrorgate; fwd=miss; stored');
  });

  it('is not suspected for a copy that lost its dates, once it was hashed', async () => {
    lab = await CacheLab.start();
    const bytes = randomBytes(sizeBytes);
    const digest = await cached(lab, bytes);
    await utimes(lab.layout.blob(digest), new Date(), new Date());
    const answer = await lab.get(`/v2/${repository}/blobs/${digest}`);
    expect(answer.headers['cache-status']).to.equal('mirrorgate; hit');
    expect(answer.body.equals(bytes)).to.equal(true);
  });
});

async function cached(lab: CacheLab, bytes: Buffer): Promise<Digest> {
  const digest = lab.registry.addBlob(bytes);
  await lab.get(`/v2/${repository}/blobs/${digest}`);
  await recommitted(lab, digest);
  return digest;
}

async function recommitted(lab: CacheLab, digest: Digest): Promise<void> {
  await until('the blob to be a hit', async () => {
    const { headers } = await lab.head(`/v2/${repository}/blobs/${digest}`);
    return headers['cache-status'] === 'mirrorgate; hit';
  });
}

async function overwrite(path: string, position: number, bytes: Buffer): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(bytes, 0, bytes.length, position);
  await file.close();
}
