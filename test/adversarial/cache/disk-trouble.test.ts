import { randomBytes } from 'node:crypto';
import { mkdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { CacheLab } from '../../support/cache-lab.ts';
import { until } from '../../support/until.ts';
import { repositoryName, tagName } from '../../support/upstream/test-mirror.ts';
import { faultyStore, type DiskFault } from '../../support/faulty-store.ts';

const repository = 'library/app';
const sizeBytes = 12 * 1024 * 1024;

/** Every place where a disk can fail under a pull. */
const faults: DiskFault[] = [
  { at: 'create', code: 'ENOSPC' },
  { at: 'create', code: 'EMFILE' },
  { at: 'create', code: 'EROFS' },
  { at: 'write', code: 'ENOSPC', afterBytes: 0 },
  { at: 'write', code: 'ENOSPC', afterBytes: 5_000_000 },
  { at: 'write', code: 'EIO', afterBytes: 10_000_000 },
  { at: 'commit', code: 'EIO' },
  { at: 'commit', code: 'ENOSPC' },
  { at: 'open', code: 'EMFILE' },
];

describe('trouble with the disk', () => {
  for (const fault of faults) {
    it(`is not the clients': ${JSON.stringify(fault)}`, async () => {
      const lab = await CacheLab.start({ wrapStore: (store) => faultyStore(store, () => fault) });
      try {
        const bytes = randomBytes(sizeBytes);
        const digest = lab.registry.addBlob(bytes);
        const path = `/v2/${repository}/blobs/${digest}`;
        const answers = await Promise.all([lab.get(path), lab.get(path), lab.get(path)]);
        for (const { body, isComplete } of answers) {
          expect(isComplete && body.equals(bytes)).to.equal(true);
        }
        lab.registry.addManifest({ repository, tag: 'a', body: { layers: [], config: {} } });
        expect((await lab.get(`/v2/${repository}/manifests/a`)).status).to.equal(200);
        const told = lab.log.entries.filter(({ level }) => level === 'error');
        expect(told.length, 'lines about it').to.be.at.most(1);
      } finally {
        await lab.close();
      }
    });
  }

  it('is over when it is over: what is pulled next is kept', async () => {
    let fault: DiskFault | undefined = { at: 'create', code: 'ENOSPC' };
    const lab = await CacheLab.start({ wrapStore: (store) => faultyStore(store, () => fault) });
    try {
      const digest = lab.registry.addBlob(randomBytes(1000));
      const path = `/v2/${repository}/blobs/${digest}`;
      await lab.get(path);
      expect((await lab.get(path)).headers['cache-status']).to.equal(
        'mirrorgate; fwd=miss; stored',
      );
      fault = undefined;
      await lab.get(path);
      expect(lab.log.entries.map(({ event }) => event)).to.include(
        'the cache cannot use its disk; serving without it',
      );
    } finally {
      await lab.close();
    }
  });

  it("that keeps damaged content from being set aside is not the clients'", async () => {
    const lab = await CacheLab.start({
      wrapStore: (store) => faultyStore(store, () => ({ at: 'setAside', code: 'EROFS' })),
    });
    try {
      const bytes = randomBytes(1000);
      const digest = lab.registry.addBlob(bytes);
      const path = `/v2/${repository}/blobs/${digest}`;
      await lab.get(path);
      await until('it to be kept', () => lab.cache.space.usedBytes > 0);
      await truncate(lab.layout.blob(digest), 10);
      const answer = await lab.get(path);
      expect(answer.isComplete && answer.body.equals(bytes)).to.equal(true);
    } finally {
      await lab.close();
    }
  });

  it("under the records is not the clients', and is told once", async () => {
    const lab = await CacheLab.start();
    try {
      const bytes = randomBytes(1000);
      const digest = lab.registry.addBlob(bytes);
      const manifest = lab.registry.addManifest({ repository, tag: 'a', body: { layers: [] } });
      const key = { mirror: 'test', repository: repositoryName(repository) };
      // A folder in place of a record: neither read nor written.
      for (const path of [
        lab.layout.blobLink(key, digest),
        lab.layout.manifestLink(key, manifest),
        lab.layout.tag(key, tagName('a')),
      ]) {
        await mkdir(join(path, 'in-the-way'), { recursive: true });
      }
      for (let count = 0; count < 3; count += 1) {
        const blob = await lab.get(`/v2/${repository}/blobs/${digest}`);
        expect(blob.isComplete && blob.body.equals(bytes)).to.equal(true);
        for (const reference of ['a', manifest]) {
          const answer = await lab.get(`/v2/${repository}/manifests/${reference}`);
          expect(answer.status).to.equal(200);
        }
      }
      const told = lab.log.entries.filter(({ level }) => level !== 'info' && level !== 'debug');
      expect(told.map(({ event }) => event)).to.deep.equal([
        'the cache cannot use its disk; serving without it',
      ]);
    } finally {
      await lab.close();
    }
  });

  it('a blob larger than the cache passes through it and pushes nothing out', async () => {
    const lab = await CacheLab.start({ cache: { maxSizeBytes: 1_000_000 } });
    try {
      const small = lab.registry.addBlob(randomBytes(100_000));
      await lab.get(`/v2/${repository}/blobs/${small}`);
      await until('it to be kept', () => lab.cache.space.usedBytes > 0);
      const bytes = randomBytes(2_000_000);
      const large = lab.registry.addBlob(bytes);
      const answer = await lab.get(`/v2/${repository}/blobs/${large}`);
      expect(answer.body.equals(bytes)).to.equal(true);
      const again = await lab.get(`/v2/${repository}/blobs/${small}`);
      expect(again.headers['cache-status']).to.equal('mirrorgate; hit');
    } finally {
      await lab.close();
    }
  });
});
