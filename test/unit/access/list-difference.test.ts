import { expect } from 'chai';
import { listDifference } from '../../../lib/access/list-difference.ts';
import { allowed, listOf } from '../../support/edge/test-allow-list.ts';

describe('listDifference', () => {
  it('tells who came in and who went out', () => {
    const before = listOf([allowed('192.0.2.1/32'), allowed('192.0.2.2/32', { label: 'two' })]);
    const after = listOf([
      allowed('192.0.2.1/32'),
      allowed('192.0.2.2/32', { label: 'two', mirrors: ['hub'] }),
    ]);
    expect(listDifference(before, after)).to.deep.equal({
      added: ['192.0.2.2/32 (two) for hub'],
      removed: ['192.0.2.2/32 (two)'],
      addedCount: 1,
      removedCount: 1,
      deny: undefined,
    });
  });

  it('tells a new answer to denied peers, and nothing of lines that moved', () => {
    const entries = [allowed('192.0.2.1/32'), allowed('192.0.2.2/32')];
    const difference = listDifference(listOf(entries), listOf(entries.toReversed(), 'http'));
    expect(difference).to.deep.include({ addedCount: 0, removedCount: 0, deny: 'http' });
  });

  it('shows no more than a line can hold of a large change, and counts all of it', () => {
    const many = Array.from({ length: 250 }, (_, index) => allowed(`10.0.0.${index}/32`));
    const { added, addedCount } = listDifference(listOf([]), listOf(many));
    expect(added).to.have.length(20);
    expect(addedCount).to.equal(250);
  });
});
