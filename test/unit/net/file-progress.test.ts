import { expect } from 'chai';
import { bytesFollowLine, FileProgress, progressLine } from '../../../lib/net/file-progress.ts';
import { errorOf } from '../../support/rejection.ts';

describe('the progress of a file', () => {
  const text = Buffer.from(progressLine(7) + progressLine(40) + bytesFollowLine + 'rest\n1');

  it('is read whatever pieces it comes in', () => {
    for (let size = 1; size <= text.length; size += 1) {
      const progress = new FileProgress(0, 100);
      const bytes: Buffer[] = [];
      for (let offset = 0; offset < text.length; offset += size) {
        bytes.push(progress.take(text.subarray(offset, offset + size)));
      }
      expect(progress.position).to.equal(40);
      expect(Buffer.concat(bytes).toString()).to.equal('rest\n1');
    }
  });

  it('reaches the end of what is wanted, and not beyond', () => {
    const progress = new FileProgress(5, 10);
    expect(progress.take(Buffer.from('10\n'))).to.have.length(0);
    expect(progress.position).to.equal(10);
  });

  for (const [what, line] of [
    ['goes back', '9\n4\n'],
    ['stands still', '9\n9\n'],
    ['begins before the beginning', '2\n'],
    ['goes past the end', '11\n'],
    ['is no number', 'ten\n'],
    ['is empty', '\n'],
    ['never ends its line', '1'.repeat(21)],
  ] as const) {
    it(`is refused where it ${what}`, () => {
      const progress = new FileProgress(2, 10);
      expect(errorOf(() => progress.take(Buffer.from(line))).code).to.equal(
        'MIRRORGATE_WORKER_PROGRESS',
      );
    });
  }
});
