import { expect } from 'chai';
import { requireParts } from '../../support/lab/lab-availability.ts';
import { runOnSmallDisk } from './small-disk.ts';

describe('an atomic file on a bad disk', () => {
  before(async function () {
    await requireParts(this, 'namespaces');
  });

  it('stays whole where the disk is full or read-only, and leaves nothing there', async () => {
    expect(await runOnSmallDisk(import.meta.dirname, 'disk-process.ts')).to.deep.equal({
      full: ['ENOSPC', 3, ['filler', 'state.json']],
      roomy: ['written', 100_000, ['state.json']],
      readOnly: ['EROFS', 100_000, ['state.json']],
    });
  });
});
