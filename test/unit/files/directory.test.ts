import { writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { namesIn } from '../../../lib/files/directory.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';

describe('the names in a folder', () => {
  it('are none where it is absent, or no folder', async () => {
    const directory = await TemporaryDirectory.create('names');
    try {
      await writeFile(directory.join('.a'), '');
      expect(await namesIn(directory.path)).to.deep.equal(['.a']);
      expect(await namesIn(directory.join('none'))).to.deep.equal([]);
      expect(await namesIn(directory.join('.a'))).to.deep.equal([]);
      expect(await namesIn(directory.join('.a', 'b'))).to.deep.equal([]);
    } finally {
      await directory.close();
    }
  });
});
