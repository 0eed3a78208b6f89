import { expect } from 'chai';
import { UpstreamDeniedError } from '../../../lib/upstream/errors.ts';
import { bodyOf, failureOf, manifestRequest, UpstreamBench } from '../../support/upstream/bench.ts';
import type { FakeRegistry } from '../../support/upstream/fake-registry.ts';
import {
  TokenBook,
  tokenServer,
  withBasic,
  withTokens,
  type TokenOptions,
} from '../../support/upstream/fake-tokens.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const credentials = { username: 'acme', password: 'pässword: with colon' };

describe('authentication to an upstream', () => {
  let bench: UpstreamBench;
  let book: TokenBook;

  beforeEach(() => {
    bench = new UpstreamBench();
    book = new TokenBook();
  });
  afterEach(() => bench.close());

  async function registry(options: TokenOptions = {}): Promise<FakeRegistry> {
    const upstream = await bench.registry({
      wrap: (inner) => withTokens(inner, { book, ...options }),
    });
    for (const repository of ['acme/app', 'acme/other']) {
      upstream.addManifest({ repository, tag: '1', body: '{}' });
    }
    return upstream;
  }

  function statuses(upstream: FakeRegistry): string[] {
    return upstream.requests.map(({ kind, status }) => `${kind} ${status}`);
  }

  it('gets an anonymous token for a challenge and tells every request', async () => {
    const upstream = await registry();
    const tally = { requests: 0 };
    const client = bench.client(upstream);
    await bodyOf(await client.fetch(manifestRequest('acme/app:1', { tally })));
    expect(statuses(upstream)).to.deep.equal(['manifest 401', 'token 200', 'manifest 200']);
    expect(tally.requests).to.equal(3);
  });

  it('asks for the token first once it knows the challenge', async () => {
    const upstream = await registry();
    const client = bench.client(upstream);
    await bodyOf(await client.fetch(manifestRequest('acme/app:1')));
    upstream.forgetRequests();
    await bodyOf(await client.fetch(manifestRequest('acme/other:1')));
    await bodyOf(await client.fetch(manifestRequest('acme/app:1')));
    expect(statuses(upstream)).to.deep.equal(['token 200', 'manifest 200', 'manifest 200']);
  });

  it('asks for pull of the repository, whatever the challenge proposes', async () => {
    const upstream = await registry({ challengeScope: 'repository:user/image:pull,push' });
    await bodyOf(await bench.client(upstream).fetch(manifestRequest('acme/app:1')));
    const target = upstream.requests.find(({ kind }) => kind === 'token')?.target ?? '';
    const { searchParams } = new URL(target, upstream.url);
    expect(Object.fromEntries(searchParams)).to.deep.equal({
      service: 'fake registry',
      scope: 'repository:acme/app:pull',
    });
  });

  it('makes one token request for a herd', async () => {
    const upstream = await registry();
    const client = bench.client(upstream);
    const herd = Array.from({ length: 50 }, async () =>
      bodyOf(await client.fetch(manifestRequest('acme/app:1'))),
    );
    await Promise.all(herd);
    expect(upstream.count('token')).to.equal(1);
  });

  it('renews a token before its end, by its own clock', async () => {
    const clock = new ManualClock();
    const upstream = await registry({ expiresInSeconds: 300 });
    const client = bench.client(upstream, { clock });
    await bodyOf(await client.fetch(manifestRequest('acme/app:1')));
    await clock.advance(269_000);
    await bodyOf(await client.fetch(manifestRequest('acme/app:1')));
    expect(upstream.count('token')).to.equal(1);
    await clock.advance(1_000);
    await bodyOf(await client.fetch(manifestRequest('acme/app:1')));
    expect(upstream.count('token')).to.equal(2);
  });

  it('takes a token without expires_in for a minute’s', async () => {
    const clock = new ManualClock();
    const upstream = await registry();
    const client = bench.client(upstream, { clock });
    await bodyOf(await client.fetch(manifestRequest('acme/app:1')));
    await clock.advance(44_000);
    await bodyOf(await client.fetch(manifestRequest('acme/app:1')));
    expect(upstream.count('token')).to.equal(1);
    await clock.advance(1_000);
    await bodyOf(await client.fetch(manifestRequest('acme/app:1')));
    expect(upstream.count('token')).to.equal(2);
  });

  it('replaces a token that the upstream no longer takes, once', async () => {
    const upstream = await registry({ expiresInSeconds: 3600 });
    const client = bench.client(upstream);
    await bodyOf(await client.fetch(manifestRequest('acme/app:1')));
    book.revokeAll();
    upstream.forgetRequests();
    await bodyOf(await client.fetch(manifestRequest('acme/app:1')));
    expect(statuses(upstream)).to.deep.equal(['manifest 401', 'token 200', 'manifest 200']);
  });

  it('gives up where a fresh token is not taken', async () => {
    const upstream = await bench.registry({
      wrap: (inner) => withTokens(inner, { book: new RefusingBook() }),
    });
    const error = await failureOf(bench.client(upstream).fetch(manifestRequest('acme/app:1')));
    expect(error).to.be.instanceOf(UpstreamDeniedError);
    expect(error).to.include({ status: 401 });
    expect(statuses(upstream)).to.deep.equal(['manifest 401', 'token 200', 'manifest 401']);
  });

  it('believes an upstream that has moved its token server', async () => {
    const old = await bench.server({ handler: tokenServer({ book, expiresInSeconds: 0 }) });
    let realm = `${old.urlAt('127.0.0.1')}/token`;
    const upstream = await bench.registry({
      wrap: (inner) => (exchange) =>
        withTokens(inner, { book, ...(realm === '' ? {} : { realm }) })(exchange),
    });
    upstream.addManifest({ repository: 'acme/app', tag: '1', body: '{}' });
    const client = bench.client(upstream);
    await bodyOf(await client.fetch(manifestRequest('acme/app:1')));
    await old.close();
    realm = '';
    const error = await failureOf(client.fetch(manifestRequest('acme/app:1')));
    expect(error.code).to.equal('MIRRORGATE_UPSTREAM_UNREACHABLE');
    await bodyOf(await client.fetch(manifestRequest('acme/app:1')));
    expect(upstream.count('token')).to.equal(1);
  });

  it('takes access_token for token', async () => {
    const upstream = await registry({ field: 'access_token' });
    const response = await bench.client(upstream).fetch(manifestRequest('acme/app:1'));
    expect(response.status).to.equal(200);
    response.body.destroy();
  });

  it('presents the mirror’s credentials to the token server only', async () => {
    const upstream = await registry({ credentials, anonymous: false });
    const client = bench.client(upstream, { mirror: { credentials } });
    await bodyOf(await client.fetch(manifestRequest('acme/app:1')));
    const schemes = upstream.requests.map(({ kind, headers }) => [
      kind,
      headers.authorization?.split(' ')[0],
    ]);
    expect(schemes).to.deep.equal([
      ['manifest', undefined],
      ['token', 'Basic'],
      ['manifest', 'Bearer'],
    ]);
  });

  it('tells wrong credentials as a denial', async () => {
    const upstream = await registry({ credentials, anonymous: false });
    const wrong = { ...credentials, password: 'wrong' };
    for (const given of [wrong, undefined]) {
      const client = bench.client(upstream, { mirror: { credentials: given } });
      const error = await failureOf(client.fetch(manifestRequest('acme/app:1')));
      expect(error).to.be.instanceOf(UpstreamDeniedError);
      expect(error).to.include({ reason: 'incorrect username or password' });
      expect(error.hint).to.include('credentials');
    }
  });

  it('answers a Basic challenge, and remembers it (ECR)', async () => {
    const upstream = await bench.registry({ wrap: (inner) => withBasic(inner, credentials) });
    upstream.addManifest({ repository: 'acme/app', tag: '1', body: '{}' });
    const client = bench.client(upstream, { mirror: { credentials } });
    await bodyOf(await client.fetch(manifestRequest('acme/app:1')));
    await bodyOf(await client.fetch(manifestRequest('acme/app:1')));
    expect(statuses(upstream)).to.deep.equal(['manifest 401', 'manifest 200', 'manifest 200']);
    const anonymous = bench.client(upstream);
    const error = await failureOf(anonymous.fetch(manifestRequest('acme/app:1')));
    expect(error).to.be.instanceOf(UpstreamDeniedError);
  });

  it('carries a key file of several lines as password (GAR)', async () => {
    const key = { username: '_json_key', password: '{\n  "type": "service_account"\n}\n' };
    const upstream = await registry({ credentials: key, anonymous: false });
    const client = bench.client(upstream, { mirror: { credentials: key } });
    const response = await client.fetch(manifestRequest('acme/app:1'));
    expect(response.status).to.equal(200);
    response.body.destroy();
  });

  it('asks a token server elsewhere only where tokenHosts names it', async () => {
    const realm = await bench.server({ handler: tokenServer({ credentials, book }) });
    const upstream = await registry({ realm: `http://localhost:${realm.port}/jwt/auth` });
    const mirror = { credentials };
    const refusing = bench.client(upstream, { mirror });
    const error = await failureOf(refusing.fetch(manifestRequest('acme/app:1')));
    expect(error.code).to.equal('MIRRORGATE_UPSTREAM_REFUSED');
    expect(error.hint).to.include('localhost').and.include('tokenHosts');
    expect(realm.requests).to.have.length(0);
    const client = bench.client(upstream, { mirror: { ...mirror, tokenHosts: ['localhost'] } });
    await bodyOf(await client.fetch(manifestRequest('acme/app:1')));
    expect(realm.requests).to.have.length(1);
  });

  const challenges: readonly (readonly [string, string | string[], string])[] = [
    ['that is malformed', 'Bearer realm="x', 'MIRRORGATE_CONTENT_INVALID'],
    ['of an unknown scheme', 'Negotiate', 'MIRRORGATE_UPSTREAM_DENIED'],
    ['without realm', 'Bearer service="x"', 'MIRRORGATE_UPSTREAM_REFUSED'],
    ['that is empty', '', 'MIRRORGATE_UPSTREAM_DENIED'],
    ['in no header', [], 'MIRRORGATE_UPSTREAM_DENIED'],
  ];
  for (const [name, value, code] of challenges) {
    it(`fails clearly at a challenge ${name}`, async () => {
      const upstream = await bench.registry();
      const headers = { 'www-authenticate': value };
      upstream.setFault('manifest', { kind: 'status', status: 401, headers });
      const error = await failureOf(bench.client(upstream).fetch(manifestRequest('acme/app:1')));
      expect(error.code).to.equal(code);
    });
  }

  it('prefers Bearer where both are offered', async () => {
    const upstream = await registry();
    const realm = `Bearer realm="${upstream.url}/token"`;
    const headers = { 'www-authenticate': ['Basic realm="x"', realm] };
    upstream.setFault('manifest', { kind: 'status', status: 401, headers, times: 1 });
    const client = bench.client(upstream, { mirror: { credentials: undefined } });
    await bodyOf(await client.fetch(manifestRequest('acme/app:1')));
    expect(upstream.count('token')).to.equal(1);
  });

  const tokenFaults = [
    ['429', { kind: 'status', status: 429 }, 'MIRRORGATE_UPSTREAM_LIMITED'],
    ['403', { kind: 'status', status: 403 }, 'MIRRORGATE_UPSTREAM_DENIED'],
    ['500', { kind: 'status', status: 500 }, 'MIRRORGATE_UPSTREAM_FAILED'],
    ['a reset', { kind: 'reset' }, 'MIRRORGATE_UPSTREAM_UNREACHABLE'],
    ['a redirect', { kind: 'redirect', to: 'http://127.0.0.1:1' }, 'MIRRORGATE_UPSTREAM_REFUSED'],
    ['no JSON', { kind: 'status', status: 200, body: '<html>' }, 'MIRRORGATE_CONTENT_INVALID'],
    ['null', { kind: 'status', status: 200, body: 'null' }, 'MIRRORGATE_CONTENT_INVALID'],
    ['no token', { kind: 'status', status: 200, body: '{}' }, 'MIRRORGATE_CONTENT_INVALID'],
    [
      'a token that would split the header',
      { kind: 'status', status: 200, body: '{"token":"a\\r\\nHost: b"}' },
      'MIRRORGATE_CONTENT_INVALID',
    ],
    [
      'a token without end',
      { kind: 'status', status: 200, body: `{"token":"${'x'.repeat(70_000)}"}` },
      'MIRRORGATE_CONTENT_INVALID',
    ],
    [
      'a compressed token',
      { kind: 'status', status: 200, headers: { 'content-encoding': 'gzip' }, body: '{}' },
      'MIRRORGATE_UPSTREAM_REFUSED',
    ],
  ] as const;
  for (const [name, fault, code] of tokenFaults) {
    it(`fails where the token server answers ${name}, and recovers`, async () => {
      const upstream = await registry();
      const client = bench.client(upstream);
      upstream.setFault('token', fault);
      const error = await failureOf(client.fetch(manifestRequest('acme/app:1')));
      expect(error.code).to.equal(code);
      upstream.setFault('token', undefined);
      await bodyOf(await client.fetch(manifestRequest('acme/app:1')));
    });
  }
});

/** Issues what it will not accept. */
class RefusingBook extends TokenBook {
  override accepts(): boolean {
    return false;
  }
}
