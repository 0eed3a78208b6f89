import { expect } from 'chai';
import { requireParts } from '../../support/lab/lab-availability.ts';
import { runOnSmallDisk } from '../files/small-disk.ts';

describe('a blob store on a bad disk', () => {
  before(async function () {
    await requireParts(this, 'namespaces');
  });

  it('tells the error of the disk, leaves nothing behind, and goes on when there is room', async () => {
    expect(await runOnSmallDisk(import.meta.dirname, 'disk-process.ts')).to.deep.equal({
      full: { write: 'ENOSPC', isReadable: true, leftovers: [], afterwards: 'done' },
      readOnly: { create: 'EROFS', remove: 'EROFS', content: 'small' },
    });
  });
});
