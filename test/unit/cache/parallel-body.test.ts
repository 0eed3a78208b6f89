import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { parallelBody } from '../../../lib/cache/parallel-body.ts';

const mib = 1024 * 1024;
const pieceBytes = 8 * mib;
const bytes = randomBytes(5 * pieceBytes + 12_345);

async function* inOrder(from = 0): AsyncGenerator<Buffer, void, undefined> {
  for (let at = from; at < bytes.length; at += mib) {
    await new Promise((resolve) => setImmediate(resolve));
    yield bytes.subarray(at, at + mib);
  }
}

describe('a body that is fetched over several connections', () => {
  let asked: [number, number][];
  let [running, most] = [0, 0];
  let fallbacks: number[];
  /** Which pieces fail. */
  let failing: (firstByte: number) => boolean;

  const body = (connections: number): AsyncGenerator<Buffer, void, undefined> =>
    parallelBody({
      sizeBytes: bytes.length,
      connections,
      first: inOrder(),
      async piece(first, last, signal) {
        asked.push([first, last]);
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running -= 1;
        signal.throwIfAborted();
        if (failing(first)) throw new Error('no ranges here');
        return [bytes.subarray(first, first + 100), bytes.subarray(first + 100, last + 1)];
      },
      rest: inOrder,
      onFallback: (_error, firstByte) => fallbacks.push(firstByte),
    });
  const taken = async (connections: number): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    for await (const chunk of body(connections)) chunks.push(chunk);
    return Buffer.concat(chunks);
  };

  beforeEach(() => {
    asked = [];
    fallbacks = [];
    [running, most] = [0, 0];
    failing = () => false;
  });

  it('comes in order, each byte once, over no more connections than it may', async () => {
    expect((await taken(3)).equals(bytes)).to.equal(true);
    expect(asked.map(([first]) => first / pieceBytes)).to.deep.equal([1, 2, 3, 4, 5]);
    expect(asked.at(-1)?.[1]).to.equal(bytes.length - 1);
    expect(most).to.equal(3);
    expect(fallbacks).to.deep.equal([]);
  });

  it('goes on over one where a piece fails', async () => {
    failing = (first) => first === 2 * pieceBytes;
    expect((await taken(4)).equals(bytes)).to.equal(true);
    expect(fallbacks).to.deep.equal([2 * pieceBytes]);
  });

  it('is one connection’s where the upstream knows no ranges', async () => {
    failing = () => true;
    expect((await taken(4)).equals(bytes)).to.equal(true);
    expect(fallbacks).to.deep.equal([pieceBytes]);
  });

  it('asks for no more once its reader has left', async () => {
    const reading = body(2);
    await reading.next();
    await reading.return();
    const before = asked.length;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(asked).to.have.length(before);
  });
});
