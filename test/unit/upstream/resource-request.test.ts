import { expect } from 'chai';
import { digestOf } from '../../../lib/oci/digest.ts';
import { manifestAccept } from '../../../lib/oci/media-types.ts';
import type { UpstreamResource } from '../../../lib/upstream/messages.ts';
import {
  repositoryIn,
  resourceHeaders,
  resourceUrl,
} from '../../../lib/upstream/resource-request.ts';
import { blobRequest, manifestRequest } from '../../support/upstream/bench.ts';
import { repositoryName } from '../../support/upstream/test-mirror.ts';

const digest = digestOf(Buffer.from('content'));
const upstream = 'https://registry.test';

function urlOf(resource: UpstreamResource): string {
  const repository = repositoryName('acme/app');
  return resourceUrl(upstream, blobRequest(digest, { repository, resource })).href;
}

describe('resourceUrl', () => {
  it('names manifests and blobs', () => {
    expect(resourceUrl(upstream, manifestRequest('library/alpine:3.20')).href).to.equal(
      'https://registry.test/v2/library/alpine/manifests/3.20',
    );
    expect(resourceUrl(upstream, manifestRequest(`acme/app@${digest}`)).href).to.equal(
      `https://registry.test/v2/acme/app/manifests/${digest}`,
    );
    expect(urlOf({ kind: 'blob', digest })).to.equal(
      `https://registry.test/v2/acme/app/blobs/${digest}`,
    );
  });

  it('writes a query anew, so that it stays a query', () => {
    expect(urlOf({ kind: 'tags', query: 'n=10&last=v1.2' })).to.equal(
      'https://registry.test/v2/acme/app/tags/list?n=10&last=v1.2',
    );
    expect(urlOf({ kind: 'tags', query: '' })).to.equal(
      'https://registry.test/v2/acme/app/tags/list',
    );
    const odd = urlOf({ kind: 'referrers', digest, query: 'artifactType=a/b#x\r\nHost: evil ?&' });
    expect(new URL(odd).pathname).to.equal(`/v2/acme/app/referrers/${digest}`);
    expect(new URL(odd).hash).to.equal('');
    expect(odd).to.match(/^[\x21-\x7e]+$/);
  });
});

describe('resourceHeaders', () => {
  it('asks for every manifest type, always', () => {
    expect(resourceHeaders(manifestRequest('acme/app:1'))).to.deep.equal({
      accept: manifestAccept,
    });
  });

  it('asks for the rest of a blob', () => {
    const request = blobRequest(digest, { firstByte: 5 });
    expect(resourceHeaders(request)).to.deep.equal({ range: 'bytes=5-' });
    expect(resourceHeaders({ ...request, firstByte: 0 })).to.deep.equal({});
    expect(resourceHeaders({ ...request, method: 'HEAD' })).to.deep.equal({});
  });
});

describe('repositoryIn', () => {
  it('reads the repository of a registry path, and of nothing else', () => {
    const read = (path: string): string | undefined => repositoryIn(new URL(path, upstream));
    expect(read(`/v2/a/b/blobs/${digest}?sig=1`)).to.equal('a/b');
    expect(read('/v2/a/b/manifests/latest')).to.equal('a/b');
    expect(read('/v2/')).to.equal(undefined);
    expect(read('/cdn/x')).to.equal(undefined);
  });
});
