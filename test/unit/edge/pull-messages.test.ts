import { expect } from 'chai';
import type { IncomingMessage } from 'node:http';
import { clientHeaders, workerRequestHeaders } from '../../../lib/edge/pull-messages.ts';

const ping = { path: '/v2/', query: '' };

describe('workerRequestHeaders', () => {
  it('lets conditions and ranges through, and nothing else', () => {
    const passed = {
      range: 'bytes=0-1',
      'if-range': '"sha256:a"',
      'if-none-match': '"sha256:b"',
    };
    const request = {
      headers: {
        ...passed,
        host: 'hub.example.test',
        authorization: 'Basic c2VjcmV0',
        cookie: 'a=b',
        accept: '*/*',
        'user-agent': 'docker/28',
        'x-forwarded-for': '192.0.2.1',
        'proxy-authorization': 'Basic c2VjcmV0',
        'if-match': '"c"',
        connection: 'range',
      },
    } as unknown as IncomingMessage;
    expect(workerRequestHeaders(request)).to.deep.equal(passed);
  });

  it('is empty where the client says nothing', () => {
    expect(workerRequestHeaders({ headers: {} } as IncomingMessage)).to.deep.equal({});
  });
});

describe('clientHeaders', () => {
  it('lets what clients act on through, and nothing else', () => {
    const passed = {
      'accept-ranges': 'bytes',
      age: '3',
      'cache-status': 'mirrorgate; hit',
      'content-length': '7',
      'content-range': 'bytes 0-6/9',
      'content-type': 'application/octet-stream',
      'docker-content-digest': 'sha256:a',
      etag: '"sha256:a"',
      'oci-filters-applied': 'artifactType',
      'retry-after': '5',
      warning: '299 - "stale"',
    };
    const received = {
      ...passed,
      connection: 'keep-alive',
      'keep-alive': 'timeout=65',
      'transfer-encoding': 'chunked',
      'set-cookie': ['a=b'],
      server: 'worker',
      'www-authenticate': 'Bearer realm="https://evil.test"',
      location: 'https://evil.test',
      'mirrorgate-upstream-requests': '1',
      'content-encoding': 'gzip',
    };
    expect(clientHeaders(received, ping, undefined)).to.deep.equal({
      ...passed,
      'docker-distribution-api-version': 'registry/2.0',
    });
  });

  it('drops a field that came twice', () => {
    const headers = clientHeaders({ 'content-length': ['1', '2'] }, ping, undefined);
    expect(headers).to.not.have.property('content-length');
  });

  it('tells the ns where one came', () => {
    expect(clientHeaders({}, ping, 'GHCR.io')).to.include({ 'oci-namespace': 'GHCR.io' });
    expect(clientHeaders({}, ping, undefined)).to.not.have.property('oci-namespace');
  });
});

describe('the Link to the next page', () => {
  const target = { path: '/v2/ghcr.io/acme/app/tags/list', query: 'n=2' };
  const linkOf = (link: string | string[], namespace?: string): string | undefined =>
    clientHeaders({ link }, target, namespace)['link'];

  it('leads back by the path that the client used', () => {
    expect(linkOf('</v2/acme/app/tags/list?n=2&last=b>; rel="next"')).to.equal(
      '</v2/ghcr.io/acme/app/tags/list?n=2&last=b>; rel="next"',
    );
  });

  it('repeats the ns of the client', () => {
    expect(linkOf('</v2/acme/app/tags/list?last=b&n=2>; rel="next"', 'ghcr.io')).to.equal(
      '</v2/ghcr.io/acme/app/tags/list?last=b&n=2&ns=ghcr.io>; rel="next"',
    );
    expect(linkOf('</v2/acme/app/tags/list?ns=evil.test&last=b>; rel="next"', 'ghcr.io')).to.equal(
      '</v2/ghcr.io/acme/app/tags/list?ns=ghcr.io&last=b>; rel="next"',
    );
  });

  it('never leads to another host', () => {
    expect(linkOf('<https://evil.test/v2/acme/app/tags/list?last=b>; rel=next')).to.equal(
      '</v2/ghcr.io/acme/app/tags/list?last=b>; rel="next"',
    );
  });

  it('stays encoded as it came', () => {
    expect(linkOf('</v2/a/tags/list?last=a%2Fb%0D%0Ac%3E>; rel="next"')).to.equal(
      '</v2/ghcr.io/acme/app/tags/list?last=a%2Fb%0D%0Ac%3E>; rel="next"',
    );
  });

  it('is dropped where it is none that a registry sends', () => {
    for (const link of [
      '',
      'garbage',
      '</v2/a/tags/list>; rel="next"',
      '</v2/a/tags/list?last=b>; rel="prev"',
      '</v2/a/tags/list?last="b">; rel="next"',
      '</v2/a/tags/list?last=b>; rel="next"\r\nX: y',
      ['</v2/a/tags/list?last=b>; rel="next"', '</v2/a/tags/list?last=c>; rel="next"'],
    ]) {
      expect(linkOf(link), String(link)).to.equal(undefined);
    }
  });
});
