import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { digestOf, type Digest } from '../../../lib/oci/digest.ts';
import { ociManifest } from '../../../lib/oci/media-types.ts';
import { CacheLab, collect } from '../../support/cache-lab.ts';
import { until } from '../../support/until.ts';

const repository = 'library/app';
const sizeBytes = 100_000;
const maxSizeBytes = 10 * sizeBytes;

describe('eviction', () => {
  let lab: CacheLab;

  beforeEach(async () => {
    lab = await CacheLab.start({ cache: { maxSizeBytes } });
  });

  afterEach(() => lab.close());

  async function pull(digest: Digest): Promise<string> {
    const answer = await lab.get(`/v2/${repository}/blobs/${digest}`);
    expect(answer.isComplete).to.equal(true);
    await until('it to be kept', async () => {
      const { headers } = await lab.head(`/v2/${repository}/blobs/${digest}`);
      return headers['cache-status'] === 'mirrorgate; hit';
    });
    return String(answer.headers['cache-status']);
  }

  function add(): Digest {
    return lab.registry.addBlob(randomBytes(sizeBytes));
  }

  async function onDisk(digest: Digest): Promise<boolean> {
    const { headers } = await lab.head(`/v2/${repository}/blobs/${digest}`);
    return headers['cache-status'] === 'mirrorgate; hit';
  }

  it('keeps the cache within its size, whatever is pulled', async () => {
    for (let count = 0; count < 30; count += 1) {
      await pull(add());
      expect(lab.cache.space.usedBytes).to.be.at.most(maxSizeBytes);
    }
  });

  it('removes first what was used longest ago', async () => {
    const digests = Array.from({ length: 10 }, add);
    for (const digest of digests) await pull(digest);
    const [first, second, third] = digests as [Digest, Digest, Digest];
    await pull(first);
    await pull(add());
    expect(await onDisk(first)).to.equal(true);
    expect(await onDisk(second)).to.equal(false);
    expect(await onDisk(third)).to.equal(false);
  });

  it('remembers over a restart what was used when', async () => {
    const digests = Array.from({ length: 10 }, add);
    for (const digest of digests) {
      await lab.clock.advance(3_600_000);
      await pull(digest);
    }
    const [first, second] = digests as [Digest, Digest];
    await lab.clock.advance(3_600_000);
    await pull(first);
    await lab.restart();
    await pull(add());
    expect(await onDisk(first)).to.equal(true);
    expect(await onDisk(second)).to.equal(false);
  });

  it('cuts nobody who reads what is removed', async () => {
    const bytes = randomBytes(sizeBytes * 9);
    const digest = lab.registry.addBlob(bytes);
    await pull(digest);
    const reading = await lab.open(`/v2/${repository}/blobs/${digest}`);
    await pull(add());
    await pull(add());
    expect(await onDisk(digest)).to.equal(false);
    expect((await collect(reading)).body.equals(bytes)).to.equal(true);
  });

  it('never removes what belongs to a pinned image', async () => {
    await lab.close();
    lab = await CacheLab.start({
      cache: { maxSizeBytes },
      mirror: { pins: ['library/app:keep*'] },
    });
    const layer = randomBytes(sizeBytes);
    const config = Buffer.from('{"config":"of the pinned image"}');
    const body = {
      schemaVersion: 2,
      mediaType: ociManifest,
      config: { digest: lab.registry.addBlob(config), size: config.length },
      layers: [{ digest: lab.registry.addBlob(layer), size: layer.length }],
    };
    lab.registry.addManifest({ repository, tag: 'keep-1', body });
    await lab.get(`/v2/${repository}/manifests/keep-1`);
    await pull(digestOf(layer));
    await pull(digestOf(config));
    for (let count = 0; count < 30; count += 1) await pull(add());
    expect(await onDisk(digestOf(layer))).to.equal(true);
    expect(await onDisk(digestOf(config))).to.equal(true);
    await lab.registry.close();
    expect((await lab.get(`/v2/${repository}/manifests/keep-1`)).status).to.equal(200);
  });

  it('makes no room for a transfer that would not fit anyway', async () => {
    await pull(add());
    const before = lab.cache.space.usedBytes;
    const large = lab.registry.addBlob(randomBytes(2 * maxSizeBytes));
    await lab.get(`/v2/${repository}/blobs/${large}`);
    expect(lab.cache.space.usedBytes).to.equal(before);
  });

  it('sweeps the records of what is gone once a day', async () => {
    for (let count = 0; count < 15; count += 1) await pull(add());
    await until('the sweep', async () => {
      await lab.clock.advance(3_600_000);
      return lab.log.entries.some(
        ({ event }) => event === 'records of content that is gone removed',
      );
    });
  });
});
