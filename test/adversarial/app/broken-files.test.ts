import { randomInt } from 'node:crypto';
import { readdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { StoreLayout } from '../../../lib/store/layout.ts';
import { ask, begin } from '../../support/app/gate-client.ts';
import { Stage } from '../../support/app/stage.ts';
import { readToEnd } from '../../support/edge/https-client.ts';
import { noteFigure } from '../../support/figures.ts';
import { scaled } from '../../support/scale.ts';
import { until } from '../../support/until.ts';

const sizeBytes = 24 * 1024 * 1024;
/** More than the sockets between gate and client hold. */
const leastMissing = 12 * 1024 * 1024;

describe('a cached file that is truncated while a gate sends it', function () {
  this.timeout(60_000 * Math.max(1, scaled(1)));

  it('is fetched again from where it breaks off, and its client does not notice', async () => {
    const stage = await Stage.start();
    try {
      const layout = new StoreLayout(stage.gate.cacheDirectory);
      let right = 0;
      for (let count = 0; count < scaled(4); count += 1) {
        const blob = stage.addBlob(sizeBytes);
        await ask(stage.target(), blob.path);
        await until('the blob to be a hit', async () => {
          const { headers } = await ask(
            stage.target(undefined, { headers: { range: 'bytes=0-0' } }),
            blob.path,
          );
          return headers['cache-status'] === 'mirrorgate; hit';
        });
        stage.registry.forgetRequests();
        const response = await begin(stage.target(), blob.path);
        expect(response.headers['cache-status']).to.equal('mirrorgate; hit');
        await truncate(layout.blob(blob.digest), randomInt(1, sizeBytes - leastMissing));
        const answer = await readToEnd(response);
        if (answer.complete && answer.body.equals(blob.bytes)) right += 1;
        expect(stage.registry.count('blob', 'GET')).to.equal(1);
      }
      const found = await readdir(join(stage.gate.cacheDirectory, 'quarantine'));
      noteFigure(
        'F7',
        `truncated while the edge sends it: ${right} of ${scaled(4)} pulls whole, ${found.length} set aside`,
      );
      expect([right, found.length]).to.deep.equal([scaled(4), scaled(4)]);
    } finally {
      await stage.close();
    }
  });
});
