import { expect } from 'chai';
import { resumableBody, type BlobTransfer } from '../../../lib/cache/resumable-body.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { rejectionOf } from '../../support/rejection.ts';

const whole = Buffer.from('0123456789');

/** A transfer of `bytes` in chunks of three, which then breaks off where `error` is given. */
function transfer(firstByte: number, end: number, error?: Error): BlobTransfer {
  return {
    sizeBytes: whole.length,
    firstByte,
    body: pieces(whole.subarray(firstByte, end), error),
  };
}

async function* pieces(bytes: Buffer, error?: Error): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 3)
    yield await Promise.resolve(bytes.subarray(at, at + 3));
  if (error !== undefined) throw error;
}

async function collect(bytes: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const cut = new Error('cut');

describe('resumable body', () => {
  const clock = new ManualClock();

  it('goes on where a transfer broke off', async () => {
    const asked: number[] = [];
    const body = resumableBody(transfer(0, 4, cut), {
      clock,
      mayResume: (error) => error === cut,
      resume: (firstByte) => {
        asked.push(firstByte);
        return Promise.resolve(
          transfer(firstByte, firstByte === 4 ? 8 : 10, firstByte === 4 ? cut : undefined),
        );
      },
    });
    expect(await collect(body)).to.equal('0123456789');
    expect(asked).to.deep.equal([4, 8]);
  });

  it('drops what it has where an upstream starts again from the beginning', async () => {
    const body = resumableBody(transfer(0, 7, cut), {
      clock,
      mayResume: () => true,
      resume: () => Promise.resolve(transfer(0, 10)),
    });
    expect(await collect(body)).to.equal('0123456789');
  });

  it('treats an end before the announced size as a break', async () => {
    const body = resumableBody(transfer(0, 5), {
      clock,
      mayResume: () => true,
      resume: (firstByte) => Promise.resolve(transfer(firstByte, 10)),
    });
    expect(await collect(body)).to.equal('0123456789');
  });

  it('ends with the last error after six attempts in a row that brought nothing', async () => {
    let attempts = 0;
    const body = resumableBody(transfer(0, 4, cut), {
      clock,
      mayResume: () => true,
      resume: () => {
        attempts += 1;
        return Promise.reject(new Error(`attempt ${attempts}`));
      },
    });
    const outcome = collect(body).catch((error: unknown) => error);
    for (let seconds = 0; seconds < 10; seconds += 1) await clock.advance(1_000);
    expect(await outcome).to.have.property('message', 'attempt 6');
  });

  it('does not ask again after an answer that would not change', async () => {
    const body = resumableBody(transfer(0, 4, cut), {
      clock,
      mayResume: () => false,
      resume: () => Promise.reject(new Error('asked')),
    });
    expect(await collect(body).catch((error: unknown) => error)).to.equal(cut);
  });

  it('refuses a blob that has another size than before', async () => {
    const body = resumableBody(transfer(0, 4, cut), {
      clock,
      mayResume: () => true,
      resume: (firstByte) => Promise.resolve({ ...transfer(firstByte, 10), sizeBytes: 11 }),
    });
    expect((await rejectionOf(collect(body))).code).to.equal('MIRRORGATE_CONTENT_INVALID');
  });

  it('ends the transfer when its reader leaves', async () => {
    let ended = false;
    async function* endless(): AsyncGenerator<Buffer> {
      try {
        for (;;) yield await Promise.resolve(Buffer.from('x'));
      } finally {
        ended = true;
      }
    }
    const body = resumableBody(
      { sizeBytes: undefined, firstByte: 0, body: endless() },
      { clock, mayResume: () => true, resume: () => Promise.reject(cut) },
    );
    for await (const chunk of body) if (chunk.length > 0) break;
    expect(ended).to.equal(true);
  });
});
