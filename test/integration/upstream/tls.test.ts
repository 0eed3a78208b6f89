import type { LookupFunction } from 'node:net';
import { expect } from 'chai';
import { digestOf } from '../../../lib/oci/digest.ts';
import { blobRequest, bodyOf, failureOf, UpstreamBench } from '../../support/upstream/bench.ts';
import type { FakeRegistry } from '../../support/upstream/fake-registry.ts';
import { createTestAuthority } from '../../support/upstream/test-authority.ts';

const content = Buffer.from('content');
const digest = digestOf(content);

/** Every name is at 127.0.0.1. */
const lookup: LookupFunction = (_hostname, _options, callback) => {
  callback(null, [{ address: '127.0.0.1', family: 4 }]);
};

describe('TLS to an upstream', () => {
  const authority = createTestAuthority();
  const tls = authority.issue(['registry.test', '127.0.0.1']);
  let bench: UpstreamBench;
  let upstream: FakeRegistry;

  beforeEach(async () => {
    bench = new UpstreamBench();
    upstream = await bench.registry({ tls });
    upstream.addBlob(content);
  });
  afterEach(() => bench.close());

  it('trusts the roots of upstreamTrust, by name and by address', async () => {
    const mirror = { upstreamTrust: `${createTestAuthority().root}\n${authority.root}` };
    for (const origin of [upstream.urlAt('registry.test'), upstream.url]) {
      const client = bench.client(origin, { mirror, lookup });
      expect(await bodyOf(await client.fetch(blobRequest(digest)))).to.deep.equal(content);
    }
  });

  it('refuses an unknown root and says which key would name it', async () => {
    const client = bench.client(upstream.urlAt('registry.test'), { lookup });
    const error = await failureOf(client.fetch(blobRequest(digest)));
    expect(error.code).to.equal('MIRRORGATE_UPSTREAM_UNREACHABLE');
    expect(error.hint).to.include('upstreamTrust');
    expect(upstream.requests).to.have.length(0);
  });

  it('refuses a certificate of another name', async () => {
    const mirror = { upstreamTrust: authority.root };
    for (const host of ['other.test', 'registry.test.other.test']) {
      const client = bench.client(upstream.urlAt(host), { mirror, lookup });
      const error = await failureOf(client.fetch(blobRequest(digest)));
      expect(error.code).to.equal('MIRRORGATE_UPSTREAM_UNREACHABLE');
      expect(error.message).to.include(host);
    }
    expect(upstream.requests).to.have.length(0);
  });

  it('verifies also where the environment says not to', async () => {
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      const client = bench.client(upstream.urlAt('registry.test'), { lookup });
      const error = await failureOf(client.fetch(blobRequest(digest)));
      expect(error.code).to.equal('MIRRORGATE_UPSTREAM_UNREACHABLE');
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    }
  });

  it('tells an upstream without TLS as unreachable', async () => {
    const plain = await bench.registry();
    const client = bench.client(`https://127.0.0.1:${plain.port}`);
    const error = await failureOf(client.fetch(blobRequest(digest)));
    expect(error.code).to.equal('MIRRORGATE_UPSTREAM_UNREACHABLE');
  });

  it('reaches the address that answers where a name has several', async () => {
    const mirror = { upstreamTrust: authority.root };
    const client = bench.client(upstream.urlAt('registry.test'), {
      mirror,
      lookup: (_hostname, _options, callback) => {
        callback(null, [
          { address: '127.0.0.99', family: 4 },
          { address: '127.0.0.1', family: 4 },
        ]);
      },
    });
    expect(await bodyOf(await client.fetch(blobRequest(digest)))).to.deep.equal(content);
  });
});
