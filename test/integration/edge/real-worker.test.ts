import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { digestOf } from '../../../lib/oci/digest.ts';
import { CacheLab } from '../../support/cache-lab.ts';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { ask, begin, ociCode, type Answer } from '../../support/edge/https-client.ts';
import { testMirror } from '../../support/edge/test-settings.ts';
import { hostNames } from '../../support/test-certificates.ts';
import { until } from '../../support/until.ts';

const host = 'registry.example.test';
const repository = 'acme/app';

for (const sharesDisk of [true, false]) {
  describe(`an edge ${sharesDisk ? 'on the disk of' : 'before'} a real worker`, () => {
    let lab: CacheLab;
    let bench: EdgeBench;

    beforeEach(async () => {
      lab = await CacheLab.start();
      const mirror = testMirror('test', { registry: host, hosts: hostNames(host) });
      bench = await EdgeBench.start({
        workers: 0,
        settings: {
          mirrors: [mirror],
          workers: [lab.socketPath],
          cacheDirectory: sharesDisk ? lab.layout.root : undefined,
        },
      });
    });
    afterEach(async () => {
      await bench.close();
      await lab.close();
    });

    const pull = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
      ask({ port: bench.port, host, path: `/v2/${repository}/${path}`, headers });

    it('brings a cold and a warm blob, and its ranges, from one upstream request', async () => {
      const bytes = randomBytes(3_000_000);
      const digest = lab.registry.addBlob(bytes);
      const cold = await pull(`blobs/${digest}`);
      expect(cold.complete).to.equal(true);
      expect(digestOf(cold.body)).to.equal(digest);
      expect(cold.headers['cache-status']).to.equal('mirrorgate; fwd=miss; stored');
      await until('a warm blob', async () => {
        const { headers } = await pull(`blobs/${digest}`);
        return headers['cache-status'] === 'mirrorgate; hit';
      });
      const warm = await pull(`blobs/${digest}`);
      expect(warm.body.equals(bytes)).to.equal(true);
      const part = await pull(`blobs/${digest}`, { range: 'bytes=1000-1999' });
      expect(part.status).to.equal(206);
      expect(part.headers['content-range']).to.equal('bytes 1000-1999/3000000');
      expect(part.body.equals(bytes.subarray(1_000, 2_000))).to.equal(true);
      const beyond = await pull(`blobs/${digest}`, { range: 'bytes=3000000-' });
      expect([beyond.status, ociCode(beyond)]).to.deep.equal([416, 'RANGE_INVALID']);
      expect(lab.registry.count('blob')).to.equal(1);
    });

    it('answers what no upstream has by its OCI error', async () => {
      const unknown = await pull(`blobs/${digestOf(Buffer.from('none'))}`);
      expect([unknown.status, ociCode(unknown)]).to.deep.equal([404, 'BLOB_UNKNOWN']);
      const tag = await pull('manifests/none');
      expect([tag.status, ociCode(tag)]).to.deep.equal([404, 'NAME_UNKNOWN']);
    });

    it('lets one client leave and serves the other, from one upstream request', async () => {
      const bytes = randomBytes(8_000_000);
      const digest = lab.registry.addBlob(bytes);
      const path = `/v2/${repository}/blobs/${digest}`;
      const leaving = await begin({ port: bench.port, host, path });
      const staying = ask({ port: bench.port, host, path });
      leaving.destroy();
      const answer = await staying;
      expect(answer.complete).to.equal(true);
      expect(digestOf(answer.body)).to.equal(digest);
      expect(lab.registry.count('blob')).to.equal(1);
    });
  });
}
