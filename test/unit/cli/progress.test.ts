import { expect } from 'chai';
import { Progress } from '../../../lib/cli/progress.ts';

/** A terminal, or a pipe, that keeps what it is given. */
function streamOf(
  isTTY: boolean,
  columns = 80,
): { stream: NodeJS.WriteStream; text: () => string } {
  const written: string[] = [];
  const stream = { isTTY, columns, write: (text: string) => written.push(text) > 0 };
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => written.join('') };
}

describe('the progress of long work', () => {
  it('is one line that is written over, cut to the terminal, and cleared', () => {
    const { stream, text } = streamOf(true, 30);
    const progress = new Progress(stream);
    progress.show(() => 'alpine:3.20: 1 of 4 blobs, 1 fetched, 3 MB');
    progress.clear();
    expect(text()).to.equal('\r\u001b[Kalpine:3.20: 1 of 4 blobs, 1 \r\u001b[K');
  });

  it('is made and shown no more often than an eye can follow', () => {
    const { stream, text } = streamOf(true);
    const progress = new Progress(stream);
    let made = 0;
    for (let count = 0; count < 1_000; count += 1) progress.show(() => `${(made += 1)}`);
    expect(made).to.be.below(100);
    expect(text()).to.include('\r\u001b[K1');
  });

  it('is nothing where nobody looks', () => {
    const { stream, text } = streamOf(false);
    const progress = new Progress(stream);
    progress.show(() => {
      throw new Error('made for nobody');
    });
    progress.clear();
    expect(text()).to.equal('');
  });
});
