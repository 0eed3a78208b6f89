import { randomBytes, randomInt } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { expect } from 'chai';
import { digestOf } from '../../../lib/oci/digest.ts';
import { CacheLab, type LabAnswer } from '../../support/cache-lab.ts';
import { noteFigure } from '../../support/figures.ts';
import { scaled } from '../../support/scale.ts';
import type { Fault } from '../../support/upstream/faults.ts';

const repository = 'library/app';
const sizeBytes = 200_000;

/** Each kind of poison, for a blob of `sizeBytes`. */
const poisons: Record<string, () => Fault> = {
  'flips a byte at the start': () => ({ kind: 'flip', atByte: 0 }),
  'flips a byte in the middle': () => ({ kind: 'flip', atByte: randomInt(1, sizeBytes - 1) }),
  'flips the last byte': () => ({ kind: 'flip', atByte: sizeBytes - 1 }),
  'sends other content of the same length': () => ({
    kind: 'replace',
    bytes: randomBytes(sizeBytes),
  }),
  'sends shorter content as if it were whole': () => ({
    kind: 'replace',
    bytes: randomBytes(1000),
  }),
  'sends nothing as if it were whole': () => ({ kind: 'replace', bytes: Buffer.alloc(0) }),
  'sends more than belongs to it': () => ({ kind: 'extra', bytes: randomInt(1, 100_000) }),
  'announces more than it sends': () => ({ kind: 'wrong-length', delta: randomInt(1, 1000) }),
  'announces less than it sends': () => ({ kind: 'wrong-length', delta: -randomInt(1, 1000) }),
  'compresses it': () => ({ kind: 'gzip' }),
  'names another digest': () => ({ kind: 'wrong-digest-header' }),
  'is cut off every time': () => ({ kind: 'cut', atByte: randomInt(0, sizeBytes) }),
};

describe('a poisoned upstream', function () {
  this.timeout(120_000 * Math.max(1, scaled(1)));
  let lab: CacheLab;

  before(async () => {
    lab = await CacheLab.start();
  });

  after(() => lab.close());

  for (const [what, poison] of Object.entries(poisons)) {
    it(`that ${what} never gets a whole wrong answer to a client, nor to the disk`, async () => {
      let [whole, commits] = [0, 0];
      for (let count = 0; count < scaled(3); count += 1) {
        const bytes = randomBytes(sizeBytes);
        const digest = lab.registry.addBlob(bytes);
        const path = `/v2/${repository}/blobs/${digest}`;
        lab.registry.setFault('blob', poison());
        const pending = [lab.get(path), lab.get(path, { range: 'bytes=-1000' })];
        await moveOn(lab, pending);
        const answers = await Promise.all(pending);
        whole += answers.filter((answer) => isWholeAndWrong(answer, digest)).length;
        if (await committed(lab, digest)) commits += 1;
        lab.registry.setFault('blob', undefined);
        // What an upstream that cannot be believed has cost it: pauses of the breaker.
        await lab.clock.advance(120_000);
        const healed = await lab.get(path);
        expect(healed.body.equals(bytes)).to.equal(true);
        lab.registry.removeBlob(digest);
      }
      noteFigure('F6', `${what}: ${scaled(3)} ×, ${whole} whole wrong answers, ${commits} commits`);
      expect([whole, commits]).to.deep.equal([0, 0]);
    });
  }
});

/** Lets the pauses between attempts pass until the answers are here. */
async function moveOn(lab: CacheLab, pending: readonly Promise<unknown>[]): Promise<void> {
  const isSettled = { value: false };
  void Promise.allSettled(pending).then(() => (isSettled.value = true));
  for (let steps = 0; steps < 200 && !isSettled.value; steps += 1) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    await lab.clock.advance(500);
  }
}

function isWholeAndWrong({ status, isComplete, body }: LabAnswer, digest: string): boolean {
  // A range is part of the content: a wrong one is as bad.
  return isComplete && (status === 206 || (status === 200 && digestOf(body) !== digest));
}

async function committed(lab: CacheLab, digest: string): Promise<boolean> {
  const hex = digest.slice('sha256:'.length);
  const names = await readdir(lab.layout.blobs, { recursive: true }).catch(() => []);
  return names.some((name) => name.endsWith(hex));
}
