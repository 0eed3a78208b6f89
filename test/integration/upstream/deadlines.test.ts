import { createServer, type AddressInfo } from 'node:net';
import { expect } from 'chai';
import { digestOf } from '../../../lib/oci/digest.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import {
  blobRequest,
  bodyOf,
  failureOf,
  UpstreamBench,
  until,
} from '../../support/upstream/bench.ts';
import type { FakeRegistry } from '../../support/upstream/fake-registry.ts';
import { withTokens } from '../../support/upstream/fake-tokens.ts';

const content = Buffer.alloc(1024 * 1024, 'x');
const digest = digestOf(content);

describe('deadlines and aborts of an upstream client', () => {
  let bench: UpstreamBench;
  let clock: ManualClock;
  let upstream: FakeRegistry;

  beforeEach(async () => {
    bench = new UpstreamBench();
    clock = new ManualClock();
    upstream = await bench.registry();
    upstream.addBlob(content);
  });
  afterEach(() => bench.close());

  it('an upstream that never answers is unreachable after 30 s', async () => {
    upstream.setFault('blob', { kind: 'silent' });
    const failure = failureOf(bench.client(upstream, { clock }).fetch(blobRequest(digest)));
    await until(() => upstream.requests.length === 1);
    await clock.advance(30_000);
    expect((await failure).code).to.equal('MIRRORGATE_UPSTREAM_UNREACHABLE');
  });

  it('a name that never resolves is unreachable after 5 s', async () => {
    let asked = 0;
    const lookup = (): void => void (asked += 1);
    const client = bench.client('http://registry.test', { clock, lookup });
    const failure = failureOf(client.fetch(blobRequest(digest)));
    await until(() => asked === 1);
    await clock.advance(5_000);
    expect((await failure).code).to.equal('MIRRORGATE_UPSTREAM_UNREACHABLE');
  });

  it('a TLS handshake that never ends is unreachable after 5 s', async () => {
    let connections = 0;
    const mute = createServer((socket) => {
      connections += 1;
      socket.on('error', () => socket.destroy());
      socket.resume();
    });
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as AddressInfo;
    const client = bench.client(`https://127.0.0.1:${port}`, { clock });
    const failure = failureOf(client.fetch(blobRequest(digest)));
    await until(() => connections === 1);
    await clock.advance(5_000);
    expect((await failure).code).to.equal('MIRRORGATE_UPSTREAM_UNREACHABLE');
    await client.close();
    await new Promise((resolve) => mute.close(resolve));
  });

  it('a token server that never answers is unreachable after 10 s', async () => {
    const guarded = await bench.registry({ wrap: (inner) => withTokens(inner) });
    guarded.setFault('token', { kind: 'silent' });
    const failure = failureOf(bench.client(guarded, { clock }).fetch(blobRequest(digest)));
    await until(() => guarded.count('token') === 1);
    await clock.advance(10_000);
    expect((await failure).code).to.equal('MIRRORGATE_UPSTREAM_UNREACHABLE');
  });

  it('a body that falls silent fails', async () => {
    upstream.setFault('blob', { kind: 'stall', atByte: 100 });
    const client = bench.client(upstream, { deadlines: { bodyIdleMs: 30 } });
    const error = await failureOf(bodyOf(await client.fetch(blobRequest(digest))));
    expect(error.code).to.equal('MIRRORGATE_UPSTREAM_UNREACHABLE');
    expect(error.message).to.include('30 ms');
  });

  it('a reader that is slow is none of the upstream’s silence', async () => {
    const client = bench.client(upstream, { deadlines: { bodyIdleMs: 5 } });
    const response = await client.fetch(blobRequest(digest));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await bodyOf(response)).to.have.length(content.length);
  });

  it('an answer in time has no deadline as a whole', async () => {
    upstream.setFault('blob', { kind: 'stall', atByte: 100 });
    const response = await bench.client(upstream, { clock }).fetch(blobRequest(digest));
    await clock.advance(3_600_000);
    expect(response.body.destroyed).to.equal(false);
    response.body.destroy();
  });

  it('the reason of an error answer is not waited for', async () => {
    upstream.setFault('blob', {
      kind: 'status',
      status: 503,
      headers: { 'content-length': '1000', 'content-type': 'text/plain' },
      body: 'half',
    });
    const failure = failureOf(bench.client(upstream, { clock }).fetch(blobRequest(digest)));
    await until(() => clock.nextTimerAt()?.getTime() === clock.now().getTime() + 2_000);
    await clock.advance(2_000);
    expect(await failure).to.include({ code: 'MIRRORGATE_UPSTREAM_FAILED', status: 503 });
  });

  describe('an abort', () => {
    const reason = new Error('the caller left');

    async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
      return promise.then(
        () => undefined,
        (error: unknown) => error,
      );
    }

    it('before the request makes none', async () => {
      const request = blobRequest(digest, { signal: AbortSignal.abort(reason) });
      expect(await reasonOf(bench.client(upstream).fetch(request))).to.equal(reason);
      expect(upstream.requests).to.have.length(0);
    });

    it('while connecting ends the wait at once', async () => {
      const caller = new AbortController();
      let asked = 0;
      const lookup = (): void => void (asked += 1);
      const client = bench.client('http://registry.test', { clock, lookup });
      const outcome = reasonOf(client.fetch(blobRequest(digest, { signal: caller.signal })));
      await until(() => asked === 1);
      caller.abort(reason);
      expect(await outcome).to.equal(reason);
    });

    it('before the answer ends the wait', async () => {
      const caller = new AbortController();
      upstream.setFault('blob', { kind: 'silent' });
      const client = bench.client(upstream);
      const outcome = reasonOf(client.fetch(blobRequest(digest, { signal: caller.signal })));
      await until(() => upstream.requests.length === 1);
      caller.abort(reason);
      expect(await outcome).to.equal(reason);
    });

    it('ends the body', async () => {
      const caller = new AbortController();
      upstream.setFault('blob', { kind: 'stall', atByte: 100 });
      const client = bench.client(upstream);
      const response = await client.fetch(blobRequest(digest, { signal: caller.signal }));
      const outcome = reasonOf(bodyOf(response));
      caller.abort(reason);
      expect(await outcome).to.equal(reason);
    });

    it('by one of a herd leaves the token to the others', async () => {
      const gate = Promise.withResolvers<undefined>();
      const guarded = await bench.registry({
        wrap: (inner) => {
          const next = withTokens(inner);
          return async (exchange) => {
            if (exchange.record.kind === 'token') await gate.promise;
            await next(exchange);
          };
        },
      });
      guarded.addBlob(content);
      const client = bench.client(guarded);
      const caller = new AbortController();
      const leaving = reasonOf(client.fetch(blobRequest(digest, { signal: caller.signal })));
      const staying = client.fetch(blobRequest(digest));
      await until(() => guarded.count('token') === 1);
      caller.abort(reason);
      expect(await leaving).to.equal(reason);
      gate.resolve(undefined);
      expect(await bodyOf(await staying)).to.have.length(content.length);
      expect(guarded.count('token')).to.equal(1);
    });
  });

  it('a reader that leaves ends the transfer', async () => {
    const { body } = await bench.client(upstream).fetch(blobRequest(digest));
    for await (const chunk of body as AsyncIterable<Buffer>) {
      expect(chunk.length).to.be.greaterThan(0);
      break;
    }
    expect(body.destroyed).to.equal(true);
  });

  it('close() ends everything in flight, and may be called again', async () => {
    const client = bench.client(upstream);
    upstream.setFault('blob', { kind: 'stall', atByte: 100 });
    const body = failureOf(bodyOf(await client.fetch(blobRequest(digest))));
    upstream.setFault('blob', { kind: 'silent' });
    const waiting = failureOf(client.fetch(blobRequest(digest)));
    await until(() => upstream.requests.length === 2);
    await client.close();
    await client.close();
    for (const error of [
      await body,
      await waiting,
      await failureOf(client.fetch(blobRequest(digest))),
    ]) {
      expect(error.code).to.equal('MIRRORGATE_UPSTREAM_UNREACHABLE');
    }
  });
});
