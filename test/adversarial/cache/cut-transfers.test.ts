import { randomBytes, randomInt } from 'node:crypto';
import { expect } from 'chai';
import { CacheLab } from '../../support/cache-lab.ts';
import { noteFigure } from '../../support/figures.ts';
import { scaled } from '../../support/scale.ts';
import { FakeRegistry } from '../../support/upstream/fake-registry.ts';

const repository = 'library/app';
const sizeBytes = 3_000_000;

describe('transfers that are cut off', function () {
  this.timeout(60_000 * Math.max(1, scaled(1)));
  let lab: CacheLab;

  beforeEach(async () => {
    lab = await CacheLab.start();
  });

  afterEach(() => lab.close());

  it('go on by Range from where they stopped, and no client notices', async () => {
    let mostAgain = 0;
    for (let count = 0; count < scaled(10); count += 1) {
      const bytes = randomBytes(sizeBytes);
      const digest = lab.registry.addBlob(bytes);
      lab.registry.forgetRequests();
      const atByte = randomInt(0, sizeBytes);
      lab.registry.setFault('blob', { kind: 'cut', atByte, times: 1 });
      const answer = await lab.get(`/v2/${repository}/blobs/${digest}`);
      expect(answer.isComplete && answer.body.equals(bytes)).to.equal(true);
      expect(lab.registry.count('blob')).to.be.at.most(2);
      const extra = lab.registry.bodyBytes('blob') - sizeBytes;
      expect(extra, `bytes fetched twice after a cut at ${atByte}`).to.be.at.most(1024 * 1024);
      mostAgain = Math.max(mostAgain, extra);
      lab.registry.removeBlob(digest);
    }
    noteFigure('F8', `${scaled(10)} cut-offs, all whole; ${mostAgain} bytes read again at most`);
  });

  it('survive an upstream that knows no ranges', async () => {
    const bytes = randomBytes(500_000);
    const digest = lab.registry.addBlob(bytes);
    lab.registry.setFault('blob', { kind: 'cut', atByte: 300_000, times: 1 });
    const answer = lab.get(`/v2/${repository}/blobs/${digest}`);
    lab.registry.setFault('blob', { kind: 'cut', atByte: 300_000, times: 1 });
    expect((await answer).body.equals(bytes)).to.equal(true);
  });

  it('go on from another upstream of the mirror where there is one', async () => {
    const other = await FakeRegistry.start();
    try {
      await lab.close();
      const first = await FakeRegistry.start();
      lab = await CacheLab.start({ mirror: { upstreams: [first.url, other.url] } });
      const bytes = randomBytes(sizeBytes);
      const digest = first.addBlob(bytes);
      other.addBlob(bytes);
      first.setFault('blob', { kind: 'cut', atByte: 2_000_000 });
      const answer = await lab.get(`/v2/${repository}/blobs/${digest}`);
      expect(answer.body.equals(bytes)).to.equal(true);
      expect([first.count('blob'), other.count('blob')]).to.deep.equal([1, 1]);
      expect(other.bodyBytes('blob')).to.equal(1_000_000);
      await first.close();
    } finally {
      await other.close();
    }
  });

  it('end the answer without its last bytes where the upstream stays away', async () => {
    const digest = lab.registry.addBlob(randomBytes(sizeBytes));
    lab.registry.setFault('blob', { kind: 'cut', atByte: 1_000_000 });
    const pending = lab.get(`/v2/${repository}/blobs/${digest}`);
    for (let steps = 0; steps < 60; steps += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      await lab.clock.advance(500);
    }
    const answer = await pending;
    expect([answer.status, answer.isComplete]).to.deep.equal([200, false]);
  });
});
