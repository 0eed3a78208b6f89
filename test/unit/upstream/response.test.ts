import { Readable } from 'node:stream';
import { expect } from 'chai';
import { digestOf } from '../../../lib/oci/digest.ts';
import { UpstreamError } from '../../../lib/upstream/errors.ts';
import type { UpstreamRequest, UpstreamResponse } from '../../../lib/upstream/messages.ts';
import { judgeAnswer } from '../../../lib/upstream/response.ts';
import { blobRequest } from '../../support/upstream/bench.ts';

const digest = digestOf(Buffer.from('content'));
const other = digestOf(Buffer.from('other'));

interface Given {
  readonly status?: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly request?: UpstreamRequest;
}

function judge({ status = 200, headers, request = blobRequest(digest) }: Given): UpstreamResponse {
  const map = new Map(Object.entries(headers).map(([name, value]) => [name, [value]]));
  const answer = { status, headers: map, body: Readable.from([]) };
  return judgeAnswer({ answer, request, host: 'registry.test', what: 'GET x' });
}

describe('judgeAnswer', () => {
  it('passes only the headers that a consumer needs', () => {
    const { headers } = judge({
      headers: { etag: '"x"', link: '</v2/x>; rel="next"', 'set-cookie': 'a=b', server: 'x' },
    });
    expect([...headers.keys()].sort()).to.deep.equal(['etag', 'link']);
  });

  it('tells lengths of a whole answer', () => {
    const response = judge({ headers: { 'content-length': '7', 'content-type': 'text/x' } });
    expect(response).to.include({
      status: 200,
      firstByte: 0,
      contentLength: 7,
      totalLength: 7,
      contentType: 'text/x',
    });
  });

  it('tells lengths of a part', () => {
    const response = judge({
      status: 206,
      headers: { 'content-range': 'bytes 100-199/200', 'content-length': '100' },
      request: blobRequest(digest, { firstByte: 100 }),
    });
    expect(response).to.include({
      status: 206,
      firstByte: 100,
      contentLength: 100,
      totalLength: 200,
    });
  });

  it('takes a 200 to a resume for what it is', () => {
    const request = blobRequest(digest, { firstByte: 100 });
    const response = judge({ headers: { 'content-length': '200' }, request });
    expect(response).to.include({ status: 200, firstByte: 0, contentLength: 200 });
  });

  const wrongRanges: Readonly<Record<string, string>>[] = [
    {},
    { 'content-range': 'bytes 99-199/200' },
    { 'content-range': 'bytes 100-200/200' },
    { 'content-range': 'bytes 100-99/200' },
    { 'content-range': 'bytes */200' },
    { 'content-range': 'items 100-199/200' },
    { 'content-range': 'bytes 100-199/200', 'content-length': '99' },
    { 'content-type': 'multipart/byteranges; boundary=x' },
  ];
  for (const headers of wrongRanges) {
    it(`refuses a 206 with ${JSON.stringify(headers)}`, () => {
      const request = blobRequest(digest, { firstByte: 100 });
      expect(() => judge({ status: 206, headers, request }))
        .to.throw(UpstreamError)
        .with.property('code', 'MIRRORGATE_CONTENT_INVALID');
    });
  }

  it('refuses a part that was not asked for', () => {
    const headers = { 'content-range': 'bytes 0-99/200' };
    expect(() => judge({ status: 206, headers })).to.throw(UpstreamError);
  });

  for (const text of ['sha256:0', '', digest.toUpperCase(), `${digest}, ${digest}`, other]) {
    it(`refuses the Docker-Content-Digest ${JSON.stringify(text)}`, () => {
      expect(() => judge({ headers: { 'docker-content-digest': text } }))
        .to.throw(UpstreamError)
        .with.property('code', 'MIRRORGATE_CONTENT_INVALID');
    });
  }

  it('permits a digest of another algorithm than the one asked by', () => {
    const sha512 = digestOf(Buffer.from('content'), 'sha512');
    expect(judge({ headers: { 'docker-content-digest': sha512 } }).contentDigest).to.equal(sha512);
  });

  for (const encoding of ['gzip', 'zstd', 'identity, gzip']) {
    it(`refuses the Content-Encoding ${encoding}`, () => {
      expect(() => judge({ headers: { 'content-encoding': encoding } }))
        .to.throw(UpstreamError)
        .with.property('code', 'MIRRORGATE_UPSTREAM_REFUSED');
    });
  }

  it('permits the Content-Encoding identity', () => {
    expect(() => judge({ headers: { 'content-encoding': 'Identity' } })).not.to.throw();
  });
});
