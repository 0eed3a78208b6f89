import { expect } from 'chai';
import { digestOf } from '../../../lib/oci/digest.ts';
import { manifestAccept, ociManifest } from '../../../lib/oci/media-types.ts';
import { readBody } from '../../../lib/upstream/body.ts';
import { UpstreamFailedError, UpstreamLimitedError } from '../../../lib/upstream/errors.ts';
import {
  blobRequest,
  bodyOf,
  failureOf,
  manifestRequest,
  UpstreamBench,
} from '../../support/upstream/bench.ts';
import type { FakeRegistry } from '../../support/upstream/fake-registry.ts';
import { withRateLimit } from '../../support/upstream/fake-rate-limit.ts';

const content = Buffer.from('0123456789'.repeat(1000));

describe('UpstreamRegistry', () => {
  let bench: UpstreamBench;
  let upstream: FakeRegistry;

  beforeEach(async () => {
    bench = new UpstreamBench();
    upstream = await bench.registry();
  });
  afterEach(() => bench.close());

  it('gets a manifest by tag, with every media type accepted', async () => {
    const digest = upstream.addManifest({ repository: 'acme/app', tag: '1', body: '{"a":1}' });
    const response = await bench.client(upstream).fetch(manifestRequest('acme/app:1'));
    expect(response).to.include({
      status: 200,
      contentType: ociManifest,
      contentDigest: digest,
      contentLength: 7,
      totalLength: 7,
      firstByte: 0,
    });
    expect((await bodyOf(response)).toString()).to.equal('{"a":1}');
    expect(upstream.requests[0]?.headers.accept).to.equal(manifestAccept);
  });

  it('sends nothing but its own headers', async () => {
    const digest = upstream.addBlob(content);
    const client = bench.client(upstream, { version: '1.2.3' });
    await bodyOf(await client.fetch(blobRequest(digest)));
    expect(upstream.requests[0]?.headers).to.deep.equal({
      host: `127.0.0.1:${upstream.port}`,
      connection: 'keep-alive',
      'user-agent': 'mirrorgate/1.2.3',
      'accept-encoding': 'identity',
    });
  });

  it('asks by HEAD for everything but the body', async () => {
    const digest = upstream.addManifest({ repository: 'acme/app', tag: '1', body: '{"a":1}' });
    const response = await bench
      .client(upstream)
      .fetch(manifestRequest('acme/app:1', { method: 'HEAD' }));
    expect(response).to.include({ contentDigest: digest, contentLength: 7, totalLength: 7 });
    expect(await bodyOf(response)).to.have.length(0);
  });

  it('resumes a blob', async () => {
    const digest = upstream.addBlob(content);
    const response = await bench.client(upstream).fetch(blobRequest(digest, { firstByte: 9_990 }));
    expect(response).to.include({
      status: 206,
      firstByte: 9_990,
      contentLength: 10,
      totalLength: 10_000,
    });
    expect((await bodyOf(response)).toString()).to.equal('0123456789');
  });

  it('says so where an upstream answers a resume with everything', async () => {
    const digest = upstream.addBlob(content);
    upstream.setFault('blob', { kind: 'no-range' });
    const response = await bench.client(upstream).fetch(blobRequest(digest, { firstByte: 9_990 }));
    expect(response).to.include({ status: 200, firstByte: 0, contentLength: 10_000 });
    response.body.destroy();
  });

  it('refuses a resume beyond the end', async () => {
    const digest = upstream.addBlob(content);
    const request = blobRequest(digest, { firstByte: content.length });
    const error = await failureOf(bench.client(upstream).fetch(request));
    expect(error.code).to.equal('MIRRORGATE_CONTENT_INVALID');
  });

  it('lists tags and referrers, their queries and headers passed on', async () => {
    const subject = upstream.addManifest({ repository: 'acme/app', tag: '1', body: '{"a":1}' });
    upstream.addManifest({ repository: 'acme/app', body: '{"b":1}', subject });
    upstream.setFault('tags', {
      kind: 'headers',
      headers: { link: '</v2/acme/app/tags/list?n=1&last=1>; rel="next"' },
    });
    const client = bench.client(upstream);
    const tags = await client.fetch(
      manifestRequest('acme/app:1', { resource: { kind: 'tags', query: 'n=1' } }),
    );
    expect(JSON.parse((await bodyOf(tags)).toString())).to.deep.equal({
      name: 'acme/app',
      tags: ['1'],
    });
    expect(tags.headers.get('link')).to.include('last=1');
    const query = 'artifactType=a%2Fb';
    const referrers = await client.fetch(
      manifestRequest('acme/app:1', { resource: { kind: 'referrers', digest: subject, query } }),
    );
    expect(referrers.headers.get('oci-filters-applied')).to.equal('artifactType');
    referrers.body.destroy();
    expect(upstream.requests.map(({ target }) => target)).to.deep.equal([
      '/v2/acme/app/tags/list?n=1',
      `/v2/acme/app/referrers/${subject}?${query}`,
    ]);
  });

  for (const method of ['GET', 'HEAD'] as const) {
    it(`keeps the connection of a ${method} for the next request`, async () => {
      const digest = upstream.addBlob(content);
      const client = bench.client(upstream);
      for (let round = 0; round < 10; round += 1) {
        await bodyOf(await client.fetch(blobRequest(digest, { method })));
      }
      // undici frees a connection just after its body ended, so two may take turns.
      expect(upstream.connections).to.be.at.most(2);
    });
  }

  it('counts every request on the caller’s tally', async () => {
    const digest = upstream.addBlob(content);
    const tally = { requests: 0 };
    const client = bench.client(upstream);
    await bodyOf(await client.fetch(blobRequest(digest, { tally })));
    await failureOf(client.fetch(manifestRequest('acme/none:1', { tally })));
    expect(tally.requests).to.equal(2);
  });

  it('keeps the last quota that the upstream told of', async () => {
    const limited = await bench.registry({
      wrap: (registry) => withRateLimit(registry, { limit: 2, source: '192.0.2.7' }),
    });
    limited.addManifest({ repository: 'acme/app', tag: '1', body: '{}' });
    const client = bench.client(limited);
    expect(client.rateLimit()).to.equal(undefined);
    await bodyOf(await client.fetch(manifestRequest('acme/app:1')));
    await failureOf(client.fetch(blobRequest(digestOf(content))));
    expect(client.rateLimit()).to.include({
      limit: 2,
      remaining: 1,
      windowSeconds: 21_600,
      source: '192.0.2.7',
    });
  });

  describe('failures', () => {
    it('tells apart what exactly is unknown', async () => {
      upstream.addManifest({ repository: 'acme/app', tag: '1', body: '{}' });
      const client = bench.client(upstream);
      const digest = digestOf(content);
      const resource = { kind: 'tags', query: '' } as const;
      const codes = [
        await failureOf(client.fetch(manifestRequest('acme/app:2'))),
        await failureOf(client.fetch(manifestRequest('acme/app:2', { method: 'HEAD' }))),
        await failureOf(client.fetch(blobRequest(digest))),
        await failureOf(client.fetch(manifestRequest('acme/none:1'))),
        await failureOf(client.fetch(manifestRequest('acme/none:1', { resource }))),
      ].map(({ code }) => code);
      expect(codes).to.deep.equal([
        'MIRRORGATE_MANIFEST_UNKNOWN',
        'MIRRORGATE_MANIFEST_UNKNOWN',
        'MIRRORGATE_BLOB_UNKNOWN',
        'MIRRORGATE_REPOSITORY_UNKNOWN',
        'MIRRORGATE_REPOSITORY_UNKNOWN',
      ]);
    });

    it('keeps reason and delay of a 429, in JSON and in plain text', async () => {
      const client = bench.client(upstream);
      const headers = { 'retry-after': '90', 'content-type': 'application/json' };
      const errors = [
        { code: 'TOOMANYREQUESTS', message: 'You have reached your pull rate limit' },
      ];
      const body = JSON.stringify({ errors });
      upstream.setFault('manifest', { kind: 'status', status: 429, headers, body });
      const pull = await failureOf(client.fetch(manifestRequest('acme/app:1')));
      expect(pull).to.be.instanceOf(UpstreamLimitedError);
      expect(pull).to.include({
        retryAfterSeconds: 90,
        reason: 'TOOMANYREQUESTS: You have reached your pull rate limit',
      });
      const text = { 'content-type': 'text/plain' };
      const abuse = {
        kind: 'status',
        status: 429,
        headers: text,
        body: 'Too Many Requests\n',
      } as const;
      upstream.setFault('manifest', abuse);
      const abused = await failureOf(client.fetch(manifestRequest('acme/app:1')));
      expect(abused).to.include({ retryAfterSeconds: undefined, reason: 'Too Many Requests' });
    });

    it('keeps the status of a 5xx, and no page of HTML', async () => {
      const headers = { 'content-type': 'text/html' };
      upstream.setFault('blob', { kind: 'status', status: 502, headers, body: '<h1>Bad</h1>' });
      const error = await failureOf(bench.client(upstream).fetch(blobRequest(digestOf(content))));
      expect(error).to.be.instanceOf(UpstreamFailedError);
      expect(error).to.include({ status: 502, reason: undefined });
    });

    it('cuts a reason without end to a line', async () => {
      const headers = { 'content-type': 'text/plain' };
      const body = 'no\n'.repeat(100_000);
      upstream.setFault('blob', { kind: 'status', status: 500, headers, body });
      const error = await failureOf(bench.client(upstream).fetch(blobRequest(digestOf(content))));
      expect(error.message).to.have.length.below(1000).and.not.include('\n');
    });

    it('refuses what is compressed', async () => {
      const digest = upstream.addBlob(content);
      upstream.setFault('blob', { kind: 'gzip' });
      const error = await failureOf(bench.client(upstream).fetch(blobRequest(digest)));
      expect(error.code).to.equal('MIRRORGATE_UPSTREAM_REFUSED');
    });

    it('refuses a digest header that contradicts the request', async () => {
      const digest = upstream.addBlob(content);
      upstream.setFault('blob', { kind: 'wrong-digest-header' });
      const error = await failureOf(bench.client(upstream).fetch(blobRequest(digest)));
      expect(error.code).to.equal('MIRRORGATE_CONTENT_INVALID');
    });

    it('tells nobody listening, a reset and a name without address as unreachable', async () => {
      upstream.setFault('blob', { kind: 'reset' });
      const request = blobRequest(digestOf(content));
      const reset = await failureOf(bench.client(upstream).fetch(request));
      const gone = await bench.registry();
      const { url } = gone;
      await gone.close();
      const refused = await failureOf(bench.client(url).fetch(request));
      const unresolved = bench.client('http://registry.invalid', {
        lookup: (hostname, _options, callback) => {
          callback(Object.assign(new Error(`no ${hostname}`), { code: 'ENOTFOUND' }), []);
        },
      });
      const unknown = await failureOf(unresolved.fetch(request));
      for (const error of [reset, refused, unknown]) {
        expect(error.code).to.equal('MIRRORGATE_UPSTREAM_UNREACHABLE');
      }
    });
  });

  describe('bodies', () => {
    it('fail where the upstream breaks off, after all that came before', async () => {
      const digest = upstream.addBlob(content);
      upstream.setFault('blob', { kind: 'cut', atByte: 5_000 });
      const { body } = await bench.client(upstream).fetch(blobRequest(digest));
      let received = 0;
      const reading = (async () => {
        for await (const chunk of body as AsyncIterable<Buffer>) received += chunk.length;
      })();
      expect((await failureOf(reading)).code).to.equal('MIRRORGATE_UPSTREAM_UNREACHABLE');
      expect(received).to.equal(5_000);
    });

    it('fail where fewer bytes come than were announced', async () => {
      const digest = upstream.addBlob(content);
      upstream.setFault('blob', { kind: 'wrong-length', delta: 5 });
      const response = await bench.client(upstream).fetch(blobRequest(digest));
      upstream.setFault('blob', undefined);
      setImmediate(() => void upstream.close());
      const error = await failureOf(bodyOf(response));
      expect(error.code).to.equal('MIRRORGATE_UPSTREAM_UNREACHABLE');
    });

    it('come without a length where the upstream knows none', async () => {
      const digest = upstream.addBlob(content);
      upstream.setFault('blob', { kind: 'chunked' });
      const response = await bench.client(upstream).fetch(blobRequest(digest));
      expect(response).to.include({ contentLength: undefined, totalLength: undefined });
      expect(await bodyOf(response)).to.have.length(content.length);
    });

    it('break off unread without ending the process', async () => {
      const digest = upstream.addBlob(content);
      upstream.setFault('blob', { kind: 'cut', atByte: 10 });
      const { body } = await bench.client(upstream).fetch(blobRequest(digest));
      await new Promise((resolve) => body.once('close', resolve));
      expect(body.errored).to.have.property('code', 'MIRRORGATE_UPSTREAM_UNREACHABLE');
    });

    it('are read whole up to a cap, and refused beyond it', async () => {
      const digest = upstream.addBlob(content);
      const client = bench.client(upstream);
      const { signal } = new AbortController();
      const fitting = await client.fetch(blobRequest(digest));
      expect(await readBody(fitting, content.length, signal)).to.deep.equal(content);
      const larger = await client.fetch(blobRequest(digest));
      const error = await failureOf(readBody(larger, content.length - 1, signal));
      expect(error.code).to.equal('MIRRORGATE_CONTENT_INVALID');
      expect(larger.body.destroyed).to.equal(true);
    });
  });
});
