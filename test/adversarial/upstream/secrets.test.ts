/** Neither log nor error ever shows a credential, a token or the query of a signed URL. */
import { inspect } from 'node:util';
import { expect } from 'chai';
import { digestOf } from '../../../lib/oci/digest.ts';
import {
  blobRequest,
  bodyOf,
  failureOf,
  manifestRequest,
  UpstreamBench,
} from '../../support/upstream/bench.ts';
import { TokenBook, withTokens } from '../../support/upstream/fake-tokens.ts';
import { redirectSecret, type Fault } from '../../support/upstream/faults.ts';

const content = Buffer.alloc(100_000, 'x');
const digest = digestOf(content);
const credentials = { username: 'acme', password: 'the-password-of-acme' };
const basic = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64');

/** Issues tokens that can be found again. */
class MarkedBook extends TokenBook {
  override issue(scope: string): string {
    return `the-marked-token-${super.issue(scope)}`;
  }
  override accepts(token: string, scope: string): boolean {
    return super.accepts(token.replace('the-marked-token-', ''), scope);
  }
}

describe('secrets of an upstream client', () => {
  let bench: UpstreamBench;

  beforeEach(() => {
    bench = new UpstreamBench();
  });
  afterEach(() => bench.close());

  function expectNoSecret(...errors: unknown[]): void {
    const shown = [...bench.logger.lines, ...errors.map((error) => inspect(error, { depth: 12 }))];
    const text = shown.join('\n');
    for (const secret of [credentials.password, basic, 'the-marked-token', redirectSecret]) {
      expect(text).not.to.include(secret);
    }
  }

  it('are shown by no failure of the upstream', async () => {
    const upstream = await bench.registry({
      wrap: (inner) => withTokens(inner, { credentials, anonymous: false, book: new MarkedBook() }),
    });
    upstream.addBlob(content);
    const client = bench.client(upstream, { mirror: { credentials } });
    await bodyOf(await client.fetch(blobRequest(digest)));
    const echo = `Authorization: Bearer the-marked-token-abcdefghijkl and Basic ${basic}`;
    const faults: Fault[] = [
      { kind: 'reset' },
      { kind: 'status', status: 500, headers: { 'content-type': 'text/plain' }, body: echo },
      {
        kind: 'status',
        status: 403,
        body: JSON.stringify({ errors: [{ code: 'X', message: echo }] }),
      },
      { kind: 'gzip' },
      { kind: 'wrong-digest-header' },
    ];
    for (const fault of faults) {
      upstream.setFault('blob', fault);
      expectNoSecret(await failureOf(client.fetch(blobRequest(digest))));
    }
    upstream.setFault('blob', { kind: 'cut', atByte: 10 });
    expectNoSecret(await failureOf(bodyOf(await client.fetch(blobRequest(digest)))));
  });

  it('are shown by no failure behind a signed redirect', async () => {
    const upstream = await bench.registry();
    const cdn = await bench.registry();
    cdn.addBlob(content);
    upstream.setFault('blob', { kind: 'redirect', to: cdn.url });
    const client = bench.client(upstream);
    const faults: Fault[] = [
      { kind: 'reset' },
      { kind: 'status', status: 403, headers: { 'content-type': 'application/xml' }, body: '<x/>' },
      { kind: 'status', status: 403, body: `no such key: /x?${redirectSecret}` },
      { kind: 'status', status: 302, headers: { location: `ftp://x/?${redirectSecret}` } },
      { kind: 'status', status: 302, headers: { location: `http://[::?${redirectSecret}` } },
    ];
    for (const fault of faults) {
      cdn.setFault('blob', fault);
      expectNoSecret(await failureOf(client.fetch(blobRequest(digest))));
    }
    cdn.setFault('blob', { kind: 'cut', atByte: 10 });
    expectNoSecret(await failureOf(bodyOf(await client.fetch(blobRequest(digest)))));
    expect(bench.logger.lines.join()).to.include(cdn.url);
  });

  it('are shown by no token that cannot be read', async () => {
    const upstream = await bench.registry({ wrap: (inner) => withTokens(inner) });
    const client = bench.client(upstream, { mirror: { credentials } });
    const bodies = [
      '{"token": "the-marked-token-1" oops',
      'the-marked-token-2',
      '{"token": "the-marked-token-3\\n"}',
      '["the-marked-token-4"]',
    ];
    for (const body of bodies) {
      upstream.setFault('token', { kind: 'status', status: 200, body });
      expectNoSecret(await failureOf(client.fetch(manifestRequest('acme/app:1'))));
    }
  });
});
