import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { CacheLab, type LabAnswer } from '../../support/cache-lab.ts';
import { noteFigure } from '../../support/figures.ts';
import { scaled } from '../../support/scale.ts';
import { addImage, type FakeImage } from '../../support/upstream/fake-image.ts';
import type { Fault } from '../../support/upstream/faults.ts';
import { until } from '../../support/until.ts';

const repository = 'acme/app';

/** How an upstream goes away, for what is asked of it. */
const outages: Record<string, Fault> = {
  'is killed': { kind: 'reset' },
  'is dropped by a firewall': { kind: 'silent' },
  'limits us': { kind: 'status', status: 429, headers: { 'retry-after': '600' } },
  'sends a byte in a second': { kind: 'slow', bytesPerSecond: 1 },
};

describe('an upstream that', function () {
  this.timeout(60_000 * Math.max(1, scaled(1)));
  let lab: CacheLab;
  let image: FakeImage;
  let content: Map<string, Buffer>;

  const paths = (): string[] => [
    `/v2/${repository}/manifests/1`,
    `/v2/${repository}/manifests/${image.manifest}`,
    ...image.blobs.map((digest) => `/v2/${repository}/blobs/${digest}`),
  ];
  beforeEach(async () => {
    lab = await CacheLab.start();
    image = addImage(lab.registry, { repository, tag: '1' }, [100_000]);
    content = new Map();
    for (const path of paths()) {
      content.set(path, (await lab.get(path)).body);
      await until('it to be kept', async () =>
        String((await lab.head(path)).headers['cache-status']).includes('hit'),
      );
    }
  });
  afterEach(() => lab.close());

  /** Lets time pass until `answer` is here: whoever waits for an upstream waits by the lab's clock. */
  const inTime = async (answer: Promise<LabAnswer>): Promise<LabAnswer> => {
    const wait = { isOver: false };
    void answer.finally(() => (wait.isOver = true));
    for (let step = 0; step < 100 && !wait.isOver; step += 1) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      if (step > 5) await lab.clock.advance(250);
    }
    return await answer;
  };
  for (const [what, fault] of Object.entries(outages)) {
    it(`${what} keeps nobody from what is cached`, async () => {
      await lab.clock.advance(61_000);
      // A tag that moved, so that an upstream which answers by drops has something to send.
      addImage(lab.registry, { repository, tag: '1' }, [200_000]);
      for (const kind of ['manifest', 'blob'] as const) lab.registry.setFault(kind, fault);
      const pulls = scaled(16);
      let [right, stale] = [0, 0];
      for (let count = 0; count < pulls; count += 1) {
        const path = paths()[count % paths().length] ?? '';
        const { status, body, headers } = await inTime(lab.get(path));
        if (status === 200 && body.equals(content.get(path) ?? Buffer.alloc(0))) right += 1;
        if (headers.warning !== undefined && Number(headers.age) >= 61) stale += 1;
        if (count % 40 === 39) await lab.clock.advance(30_000);
      }
      noteFigure('F4', `upstream ${what}: ${right} of ${pulls} cached pulls right`);
      expect(right).to.equal(pulls);
      // Of the paths, one is a tag: it says that it is stale, and since when.
      expect(stale).to.equal(Math.ceil(pulls / paths().length));
    });

    // By drops it does come, in time that nobody has.
    if (fault.kind === 'slow') continue;

    it(`${what} is told of in time where nothing is cached`, async () => {
      for (const kind of ['manifest', 'blob'] as const) lab.registry.setFault(kind, fault);
      const digest = lab.registry.addBlob(randomBytes(100_000));
      for (const path of [`/v2/acme/new/manifests/1`, `/v2/acme/new/blobs/${digest}`]) {
        const { status } = await inTime(lab.get(path));
        expect(status).to.equal(fault.kind === 'status' ? 429 : 503);
      }
    });
  }
});
