import { expect } from 'chai';
import { noteFigure } from '../../support/figures.ts';
import { requireParts } from '../../support/lab/lab-availability.ts';
import { scaled } from '../../support/scale.ts';
import { runOnSmallDisk } from '../../unit/files/small-disk.ts';

describe('a disk of 8 MiB, whose writes fail as well', function () {
  this.timeout(60_000 * Math.max(1, scaled(1)));

  before(async function () {
    await requireParts(this, 'namespaces');
  });

  it('is no client trouble: every pull is right, and each trouble is told once', async () => {
    const pulls = scaled(40);
    const { right, told, over } = (await runOnSmallDisk(import.meta.dirname, 'disk-pulls.ts', {
      sizeKib: 8 * 1024,
      argument: String(pulls),
      deadlineMs: 60_000 * Math.max(1, scaled(1)),
    })) as { right: number; told: number; over: number };
    noteFigure('F3', `${right} of ${pulls} pulls right on a full disk with EIO and ENOSPC`);
    expect(right).to.equal(pulls);
    expect(told, 'lines about it').to.be.within(1, over + 1);
  });
});
