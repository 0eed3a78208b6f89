import { expect } from 'chai';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { ask } from '../../support/edge/https-client.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe('several workers', () => {
  let bench: EdgeBench;

  beforeEach(async () => {
    bench = await EdgeBench.start({ workers: 3 });
  });
  afterEach(() => bench.close());

  it('share the content, each its own part', async () => {
    for (let round = 0; round < 2; round += 1) {
      for (let n = 0; n < 12; n += 1) {
        await ask({ port: bench.port, path: `/v2/acme/app-${n}/manifests/1` });
      }
    }
    const owners = bench.workers.map(({ requests }) => requests.map(({ target }) => target));
    for (const targets of owners) {
      expect(targets.slice(0, targets.length / 2)).to.deep.equal(targets.slice(targets.length / 2));
    }
    expect(new Set(owners.flat()).size).to.equal(12);
  });

  it('get all of one repository, and a blob wherever it is asked for', async () => {
    for (const path of ['manifests/1', 'manifests/2', 'tags/list']) {
      await ask({ port: bench.port, path: `/v2/acme/app/${path}` });
    }
    for (const path of [`/v2/a/b/blobs/${digest}`, `/v2/ghcr.io/c/d/blobs/${digest}`]) {
      await ask({ port: bench.port, path });
    }
    const asked = bench.workers.map(({ requests }) => requests.map(({ target }) => target));
    expect(
      asked.filter((targets) => targets.some((target) => target.includes('/app/'))),
    ).to.have.length(1);
    expect(
      asked.filter((targets) => targets.some((target) => target.includes('/blobs/'))),
    ).to.have.length(1);
  });
});
