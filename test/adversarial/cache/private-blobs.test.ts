import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type { Digest } from '../../../lib/oci/digest.ts';
import { CacheLab } from '../../support/cache-lab.ts';
import { noteFigure } from '../../support/figures.ts';
import { scaled } from '../../support/scale.ts';
import { until } from '../../support/until.ts';

/** The registry has the blob in `acme/secret` alone. */
const secret = 'acme/secret';

describe('a private blob', function () {
  this.timeout(60_000 * Math.max(1, scaled(1)));
  let lab: CacheLab;
  let bytes: Buffer;
  let digest: Digest;

  beforeEach(async () => {
    lab = await CacheLab.start({ more: [{ name: 'other' }] });
    bytes = randomBytes(100_000);
    digest = lab.registry.addBlob(bytes, secret);
    await lab.get(`/test/v2/${secret}/blobs/${digest}`);
    await until('the blob to be a hit', async () => {
      const { headers } = await lab.head(`/test/v2/${secret}/blobs/${digest}`);
      return headers['cache-status'] === 'mirrorgate; hit';
    });
  });

  afterEach(() => lab.close());

  it('that lies on the disk is not given out under another repository or mirror', async () => {
    let [attempts, served] = [0, 0];
    for (let count = 0; count < scaled(25); count += 1) {
      const repository = `guess/number-${count}`;
      for (const mirror of ['test', 'other']) {
        const path = `/${mirror}/v2/${repository}/blobs/${digest}`;
        for (const answer of [
          await lab.get(path),
          await lab.head(path),
          await lab.get(path, { range: 'bytes=0-10' }),
        ]) {
          attempts += 1;
          if (answer.status !== 404) served += 1;
        }
      }
    }
    noteFigure('A7', `${attempts} attempts by another mirror or repository: ${served} served`);
    expect(served).to.equal(0);
  });

  it('is served from the same bytes once another mirror has confirmed that it may', async () => {
    lab.registry.forgetRequests();
    const answer = await lab.get(`/other/v2/${secret}/blobs/${digest}`);
    expect(answer.body.equals(bytes)).to.equal(true);
    expect(lab.registry.requests.map(({ method }) => method)).to.deep.equal(['HEAD']);
    const again = await lab.get(`/other/v2/${secret}/blobs/${digest}`);
    expect(again.headers['cache-status']).to.equal('mirrorgate; hit');
    expect(lab.registry.requests).to.have.length(1);
  });

  it('that is still on its way is not shared with who may not have it', async () => {
    const fresh = randomBytes(2_000_000);
    const on = lab.registry.addBlob(fresh, secret);
    lab.registry.setFault('blob', { kind: 'slow', bytesPerSecond: 8_000_000 });
    lab.registry.forgetRequests();
    const rightful = lab.get(`/test/v2/${secret}/blobs/${on}`);
    await until('the transfer to begin', () => lab.registry.bodyBytes('blob') > 0);
    const answers = await Promise.all(
      ['test', 'other'].map((mirror) => lab.get(`/${mirror}/v2/guess/again/blobs/${on}`)),
    );
    expect(answers.map(({ status }) => status)).to.deep.equal([404, 404]);
    const { isComplete, body } = await rightful;
    const state = { isComplete, received: body.length, log: JSON.stringify(lab.log.entries) };
    expect(body.equals(fresh), JSON.stringify(state)).to.equal(true);
  });

  it('that a stranger was refused first is fetched once for all who may have it', async () => {
    const fresh = randomBytes(1_000_000);
    const on = lab.registry.addBlob(fresh, secret);
    const asked = (method: string, repository: string): number =>
      lab.registry.requests.filter(
        (each) => each.method === method && each.target.includes(`${repository}/blobs/${on}`),
      ).length;
    const { promise: after, resolve: refuse } = Promise.withResolvers<undefined>();
    lab.registry.setFault('blob', { kind: 'status', status: 404, after, times: 1 });
    const stranger = lab.get(`/other/v2/guess/again/blobs/${on}`);
    await until('the question of the stranger', () => asked('GET', 'guess/again') === 1);
    const rightful = Array.from({ length: 5 }, () => lab.get(`/test/v2/${secret}/blobs/${on}`));
    await until('a confirmation', () => asked('HEAD', secret) > 0);
    refuse(undefined);
    expect((await stranger).status).to.equal(404);
    for (const { status, body } of await Promise.all(rightful)) {
      expect(status).to.equal(200);
      expect(body.equals(fresh)).to.equal(true);
    }
    expect(asked('GET', secret)).to.equal(1);
  });

  it('and a private manifest are not given out under another repository', async () => {
    const manifest = lab.registry.addManifest({
      repository: secret,
      body: { layers: [], config: {} },
    });
    expect((await lab.get(`/test/v2/${secret}/manifests/${manifest}`)).status).to.equal(200);
    expect((await lab.get(`/test/v2/guess/again/manifests/${manifest}`)).status).to.equal(404);
    expect((await lab.get(`/other/v2/guess/again/manifests/${manifest}`)).status).to.equal(404);
    expect((await lab.get(`/test/v2/guess/again/blobs/${manifest}`)).status).to.equal(404);
  });
});
