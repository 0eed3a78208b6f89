import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { digestOf } from '../../../lib/oci/digest.ts';
import { CacheLab, collect } from '../../support/cache-lab.ts';
import { until } from '../../support/until.ts';

const repository = 'library/app';

describe('blobs through a worker', () => {
  let lab: CacheLab;

  afterEach(() => lab.close());

  it('fetches a cold blob once and serves it from disk afterwards', async () => {
    lab = await CacheLab.start();
    const bytes = randomBytes(300_000);
    const digest = lab.registry.addBlob(bytes);
    const cold = await lab.get(`/v2/${repository}/blobs/${digest}`);
    expect(cold.status).to.equal(200);
    expect(cold.body.equals(bytes)).to.equal(true);
    expect(cold.headers).to.include({
      'cache-status': 'mirrorgate; fwd=miss; stored',
      'docker-content-digest': digest,
      'content-length': '300000',
      etag: `"${digest}"`,
      'mirrorgate-upstream-requests': '1',
    });
    await stored(lab, digest);
    const warm = await lab.get(`/v2/${repository}/blobs/${digest}`);
    expect(warm.body.equals(bytes)).to.equal(true);
    expect(warm.headers).to.include({
      'cache-status': 'mirrorgate; hit',
      'mirrorgate-upstream-requests': '0',
    });
    expect(lab.registry.requests).to.have.length(1);
  });

  it('serves 100 clients of one cold blob from one upstream request', async () => {
    lab = await CacheLab.start();
    const bytes = randomBytes(2_000_000);
    const digest = lab.registry.addBlob(bytes);
    lab.registry.setFault('blob', { kind: 'slow', bytesPerSecond: 10_000_000 });
    const path = `/v2/${repository}/blobs/${digest}`;
    const answers = await Promise.all(Array.from({ length: 100 }, () => lab.get(path)));
    expect(answers.every(({ body }) => body.equals(bytes))).to.equal(true);
    expect(lab.registry.requests.map(({ method }) => method)).to.deep.equal(['GET']);
    const stored = answers.filter(
      ({ headers }) => headers['cache-status'] === 'mirrorgate; fwd=miss; stored',
    );
    expect(stored).to.have.length(1);
  });

  it('answers ranges of a blob that is still being fetched', async () => {
    lab = await CacheLab.start();
    const bytes = randomBytes(1_000_000);
    const digest = lab.registry.addBlob(bytes);
    lab.registry.setFault('blob', { kind: 'slow', bytesPerSecond: 5_000_000 });
    const path = `/v2/${repository}/blobs/${digest}`;
    const [whole, middle, tail, suffix] = await Promise.all([
      lab.get(path),
      lab.get(path, { range: 'bytes=400000-400009' }),
      lab.get(path, { range: 'bytes=999990-' }),
      lab.get(path, { range: 'bytes=-5' }),
    ]);
    expect(whole.body.equals(bytes)).to.equal(true);
    expect([middle.status, middle.headers['content-range']]).to.deep.equal([
      206,
      'bytes 400000-400009/1000000',
    ]);
    expect(middle.body.equals(bytes.subarray(400_000, 400_010))).to.equal(true);
    expect(tail.body.equals(bytes.subarray(999_990))).to.equal(true);
    expect(suffix.body.equals(bytes.subarray(-5))).to.equal(true);
    expect(lab.registry.requests).to.have.length(1);
  });

  it('keeps nobody without an answer while the upstream is silent', async () => {
    lab = await CacheLab.start();
    lab.registry.setFault('blob', { kind: 'stall', atByte: 0 });
    const digest = lab.registry.addBlob(randomBytes(1_000_000));
    const path = `/v2/${repository}/blobs/${digest}`;
    const asked = [lab.get(path), lab.get(path, { range: 'bytes=500000-' })];
    await until('the transfer', () => lab.registry.count('blob') === 1);
    let isOver = false;
    const answers = Promise.all(asked).finally(() => (isOver = true));
    await until('the answers', async () => {
      await lab.clock.advance(2_500);
      return isOver;
    });
    for (const { status, headers } of await answers) {
      expect([status, headers['retry-after']]).to.deep.equal([503, '5']);
    }
  });

  it('begins an answer whose bytes are far off, as long as others come', async () => {
    lab = await CacheLab.start();
    lab.registry.setFault('blob', { kind: 'slow', bytesPerSecond: 500_000 });
    const bytes = randomBytes(1_000_000);
    const digest = lab.registry.addBlob(bytes);
    const path = `/v2/${repository}/blobs/${digest}`;
    const whole = lab.get(path);
    await until('the transfer', () => lab.registry.bodyBytes('blob') > 0);
    const opening = lab.open(path, { headers: { range: 'bytes=900000-' } });
    let isOpen = false;
    void opening.then(() => (isOpen = true));
    await until('the head of the answer', async () => {
      await lab.clock.advance(2_500);
      return isOpen;
    });
    const far = await opening;
    expect(far.statusCode).to.equal(206);
    expect(lab.registry.bodyBytes('blob')).to.be.below(900_000);
    expect((await collect(far)).body.equals(bytes.subarray(900_000))).to.equal(true);
    expect((await whole).isComplete).to.equal(true);
  });

  it('answers 416 with the size for a range beyond the end', async () => {
    lab = await CacheLab.start();
    const digest = lab.registry.addBlob(randomBytes(1_000));
    const answer = await lab.get(`/v2/${repository}/blobs/${digest}`, { range: 'bytes=1000-' });
    expect(answer.status).to.equal(416);
    expect(answer.headers['content-range']).to.equal('bytes */1000');
  });

  it('keeps a transfer going when the client that began it leaves', async () => {
    lab = await CacheLab.start();
    const bytes = randomBytes(1_000_000);
    const digest = lab.registry.addBlob(bytes);
    lab.registry.setFault('blob', { kind: 'slow', bytesPerSecond: 10_000_000 });
    const path = `/v2/${repository}/blobs/${digest}`;
    const first = await lab.open(path);
    first.destroy();
    await stored(lab, digest);
    const second = await lab.get(path);
    expect(second.body.equals(bytes)).to.equal(true);
    expect(lab.registry.requests).to.have.length(1);
  });

  it('gives the first bytes while the rest is still on its way', async () => {
    lab = await CacheLab.start();
    const bytes = randomBytes(500_000);
    const digest = lab.registry.addBlob(bytes);
    lab.registry.setFault('blob', { kind: 'stall', atByte: 200_000 });
    const message = await lab.open(`/v2/${repository}/blobs/${digest}`);
    let received = 0;
    message.on('data', (chunk: Buffer) => (received += chunk.length));
    message.on('error', () => undefined);
    await until('200 000 bytes', () => received === 200_000);
    message.destroy();
  });

  it('answers a cold HEAD with one upstream HEAD and fetches nothing', async () => {
    lab = await CacheLab.start();
    const digest = lab.registry.addBlob(randomBytes(5_000));
    const answer = await lab.head(`/v2/${repository}/blobs/${digest}`);
    expect([answer.status, answer.headers['content-length']]).to.deep.equal([200, '5000']);
    expect(lab.registry.requests.map(({ method }) => method)).to.deep.equal(['HEAD']);
  });

  it('answers a HEAD by a GET where the upstream denies every HEAD, as public.ecr.aws does', async () => {
    lab = await CacheLab.start({
      wrap: (inner) => (exchange) => {
        if (exchange.request.method !== 'HEAD') return inner(exchange);
        exchange.response.writeHead(401).end();
        return undefined;
      },
    });
    const bytes = randomBytes(5_000);
    const path = `/v2/${repository}/blobs/${lab.registry.addBlob(bytes)}`;
    const answer = await lab.head(path);
    expect([answer.status, answer.headers['content-length']]).to.deep.equal([200, '5000']);
    // What was fetched for it serves the GET that follows.
    expect((await lab.get(path)).body.equals(bytes)).to.equal(true);
    expect(lab.registry.requests.map(({ method }) => method)).to.deep.equal(['HEAD', 'GET']);
  });

  it('answers 404 BLOB_UNKNOWN for what the upstream does not have', async () => {
    lab = await CacheLab.start();
    const answer = await lab.get(`/v2/${repository}/blobs/${digestOf(Buffer.from('absent'))}`);
    expect(answer.status).to.equal(404);
    expect(errorCodeOf(answer.body)).to.equal('BLOB_UNKNOWN');
  });

  it('answers 304 to a client that has the blob', async () => {
    lab = await CacheLab.start();
    const digest = lab.registry.addBlob(randomBytes(1_000));
    const path = `/v2/${repository}/blobs/${digest}`;
    const answer = await lab.get(path, { 'if-none-match': `"${digest}"` });
    expect([answer.status, answer.body.length]).to.deep.equal([304, 0]);
  });

  it('finds a truncated file when it is opened, sets it aside and fetches it again', async () => {
    lab = await CacheLab.start();
    const bytes = randomBytes(100_000);
    const digest = lab.registry.addBlob(bytes);
    const path = `/v2/${repository}/blobs/${digest}`;
    await lab.get(path);
    await stored(lab, digest);
    await truncate(lab.layout.blob(digest), 50_000);
    const answer = await lab.get(path);
    expect(answer.body.equals(bytes)).to.equal(true);
    expect(answer.headers['cache-status']).to.equal('mirrorgate; fwd=miss; stored');
    expect(lab.registry.requests).to.have.length(2);
  });

  it('keeps what it has over a restart, and sweeps what was half-written', async () => {
    lab = await CacheLab.start();
    const bytes = randomBytes(100_000);
    const digest = lab.registry.addBlob(bytes);
    const path = `/v2/${repository}/blobs/${digest}`;
    await lab.get(path);
    await stored(lab, digest);
    const leftover = `${lab.layout.filling('worker-1')}/0123456789ab`;
    await writeFile(leftover, 'half');
    await lab.restart();
    const answer = await lab.get(path);
    expect(answer.headers['cache-status']).to.equal('mirrorgate; hit');
    expect(answer.body.equals(bytes)).to.equal(true);
    expect(existsSync(leftover)).to.equal(false);
  });
});

/** Waits for the commit and the record, which follow the last byte. */
async function stored(lab: CacheLab, digest: string): Promise<void> {
  await until('the blob to be recorded', async () => {
    const [algorithm = '', hex = ''] = digest.split(':');
    const record = `${lab.layout.mirror('test')}/${repository}/_blobs/${algorithm}/${hex}`;
    return await readFile(record).then(
      () => true,
      () => false,
    );
  });
}

function errorCodeOf(body: Buffer): string | undefined {
  const { errors } = JSON.parse(body.toString()) as { errors: { code: string }[] };
  return errors[0]?.code;
}
