import { expect } from 'chai';
import { tableText } from '../../../lib/cli/table.ts';

describe('tableText', () => {
  it('aligns texts to the left and numbers, sizes and shares to the right', () => {
    const rows = [
      ['hub', '7', '1.5 GiB', '100%'],
      ['registry', '1,234', '900 KiB', '5%'],
    ];
    expect(tableText(['MIRROR', 'TAGS', 'SIZE', 'SHARE'], rows).split('\n')).to.deep.equal([
      'MIRROR     TAGS     SIZE  SHARE',
      'hub           7  1.5 GiB   100%',
      'registry  1,234  900 KiB     5%',
    ]);
  });

  it('leaves no blanks at the end of a line', () => {
    expect(tableText(['A', 'B'], [['long', '']]).split('\n')).to.deep.equal(['A     B', 'long']);
  });

  it('shows a header over no rows', () => {
    expect(tableText(['A', 'B'], [])).to.equal('A  B');
  });
});
