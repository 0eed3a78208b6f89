import { expect } from 'chai';
import { digestOf } from '../../../lib/oci/digest.ts';
import {
  blobRequest,
  bodyOf,
  failureOf,
  manifestRequest,
  UpstreamBench,
} from '../../support/upstream/bench.ts';
import { FakeRegistry } from '../../support/upstream/fake-registry.ts';
import { withBasic, withTokens } from '../../support/upstream/fake-tokens.ts';

const content = Buffer.from('0123456789'.repeat(100));
const digest = digestOf(content);
const credentials = { username: 'acme', password: 'secret' };

describe('redirects of an upstream', () => {
  let bench: UpstreamBench;

  beforeEach(() => {
    bench = new UpstreamBench();
  });
  afterEach(() => bench.close());

  async function registries(): Promise<{ upstream: FakeRegistry; cdn: FakeRegistry }> {
    const cdn = await bench.registry();
    cdn.addBlob(content);
    const upstream = await bench.registry({ wrap: (inner) => withBasic(inner, credentials) });
    upstream.addBlob(content);
    upstream.setFault('blob', { kind: 'redirect', to: cdn.url });
    return { upstream, cdn };
  }

  for (const status of [301, 302, 303, 307, 308]) {
    it(`are followed to another origin at ${status}, without Authorization`, async () => {
      const { upstream, cdn } = await registries();
      const client = bench.client(upstream, { mirror: { credentials } });
      await failureOf(client.fetch(manifestRequest('acme/app:1')));
      upstream.setFault('blob', { kind: 'redirect', to: cdn.url, status });
      const tally = { requests: 0 };
      const response = await client.fetch(blobRequest(digest, { tally }));
      expect(await bodyOf(response)).to.deep.equal(content);
      expect(tally.requests).to.equal(2);
      expect(upstream.requests.at(-1)?.headers.authorization).to.match(/^Basic /);
      expect(cdn.requests.map(({ headers }) => headers.authorization)).to.deep.equal([undefined]);
    });
  }

  it('are followed by HEAD as HEAD, and keep the range', async () => {
    const { upstream, cdn } = await registries();
    const client = bench.client(upstream);
    await client.fetch(blobRequest(digest, { method: 'HEAD' }));
    const part = await client.fetch(blobRequest(digest, { firstByte: 990 }));
    expect(part).to.include({ status: 206, firstByte: 990 });
    part.body.destroy();
    expect(cdn.requests.map(({ method, headers }) => [method, headers.range])).to.deep.equal([
      ['HEAD', undefined],
      ['GET', 'bytes=990-'],
    ]);
  });

  it('within the origin keep the Authorization, relative ones too (GAR)', async () => {
    const upstream = await bench.registry({
      wrap: (inner) =>
        withBasic((exchange) => {
          if (exchange.url.searchParams.has('moved')) return inner(exchange);
          exchange.response.writeHead(302, { location: `../blobs/${digest}?moved` }).end();
          return undefined;
        }, credentials),
    });
    upstream.addBlob(content);
    const client = bench.client(upstream, { mirror: { credentials } });
    expect(await bodyOf(await client.fetch(blobRequest(digest)))).to.deep.equal(content);
    expect(upstream.requests.at(-1)?.headers.authorization).to.match(/^Basic /);
  });

  it('are followed five times and no further', async () => {
    let hops = 0;
    const upstream = await bench.registry({
      wrap: (inner) => (exchange) => {
        const left = Number(exchange.url.searchParams.get('left') ?? hops);
        if (left === 0) return inner(exchange);
        exchange.response.writeHead(302, { location: `?left=${left - 1}` }).end();
        return undefined;
      },
    });
    upstream.addBlob(content);
    const client = bench.client(upstream);
    hops = 5;
    expect(await bodyOf(await client.fetch(blobRequest(digest)))).to.deep.equal(content);
    hops = 6;
    const error = await failureOf(client.fetch(blobRequest(digest)));
    expect(error.code).to.equal('MIRRORGATE_UPSTREAM_REFUSED');
  });

  it('to a registry with tokens of its own are followed with an anonymous one (registry.k8s.io)', async () => {
    const target = await bench.registry({ wrap: (inner) => withTokens(inner, { credentials }) });
    target.addManifest({ repository: 'behind/app', tag: '1', body: '{}' });
    const upstream = await bench.registry({
      wrap: (inner) => (exchange) => {
        if (exchange.record.kind !== 'manifest') return inner(exchange);
        const location = `${target.url}/v2/behind/app/manifests/1`;
        exchange.response.writeHead(307, { location }).end();
        return undefined;
      },
    });
    const client = bench.client(upstream, { mirror: { credentials } });
    await bodyOf(await client.fetch(manifestRequest('acme/app:1')));
    await bodyOf(await client.fetch(manifestRequest('acme/app:1')));
    const kinds = target.requests.map(({ kind, status }) => `${kind} ${status}`);
    expect(kinds).to.deep.equal(['manifest 401', 'token 200', 'manifest 200', 'manifest 200']);
    const [, token] = target.requests;
    expect(token?.headers.authorization).to.equal(undefined);
    expect(token?.target).to.include(encodeURIComponent('repository:behind/app:pull'));
  });

  it('carry no credentials back to an upstream that was left', async () => {
    const bounce = await bench.server({
      handler: ({ response }) => {
        response
          .writeHead(302, { location: `${upstream.url}/v2/acme/app/blobs/${digest}?back` })
          .end();
      },
    });
    const upstream = await bench.registry({
      wrap: (inner) => {
        const guarded = withBasic(inner, credentials);
        return (exchange) => {
          if (exchange.url.searchParams.has('back')) return guarded(exchange);
          exchange.response.writeHead(302, { location: bounce.url }).end();
          return undefined;
        };
      },
    });
    const client = bench.client(upstream, { mirror: { credentials } });
    const error = await failureOf(client.fetch(blobRequest(digest)));
    expect(error.code).to.equal('MIRRORGATE_UPSTREAM_DENIED');
    const presented = upstream.requests.map(({ headers }) => headers.authorization);
    expect(presented).to.deep.equal([undefined, undefined]);
  });

  it('without a usable Location fail', async () => {
    const upstream = await bench.registry();
    upstream.setFault('blob', { kind: 'status', status: 302 });
    const error = await failureOf(bench.client(upstream).fetch(blobRequest(digest)));
    expect(error.code).to.equal('MIRRORGATE_CONTENT_INVALID');
  });
});
