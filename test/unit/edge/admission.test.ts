import { expect } from 'chai';
import type { IncomingMessage } from 'node:http';
import { judgeHeaders, judgePull, parseTarget } from '../../../lib/edge/admission.ts';
import { standardLimits as limits } from '../../../lib/config/limits-schema.ts';
import { errorOf } from '../../support/rejection.ts';

type Fields = readonly (readonly [string, string])[];

/** The parts of a parsed request that are judged. */
function requestOf(
  fields: Fields,
  rest: Partial<Pick<IncomingMessage, 'method' | 'url' | 'httpVersion'>> = {},
): IncomingMessage {
  const headers = Object.fromEntries(fields.map(([name, value]) => [name.toLowerCase(), value]));
  return {
    method: 'GET',
    url: '/v2/',
    httpVersion: '1.1',
    rawHeaders: fields.flat(),
    headers,
    ...rest,
  } as unknown as IncomingMessage;
}

const host = ['Host', 'hub.example.test'] as const;

describe('parseTarget', () => {
  it('takes a target apart at the first question mark', () => {
    expect(parseTarget('/v2/', limits)).to.deep.equal({ path: '/v2/', query: '' });
    expect(parseTarget('/v2/a/b/tags/list?n=1&last=a?b', limits)).to.deep.equal({
      path: '/v2/a/b/tags/list',
      query: 'n=1&last=a?b',
    });
    expect(parseTarget('/', limits)).to.deep.equal({ path: '/', query: '' });
  });

  const malformed: Readonly<Record<string, string>> = {
    'percent signs': '/v2/%61/b/manifests/1',
    'an encoded slash': '/v2/a%2fb/manifests/1',
    backslashes: '/v2\\a/manifests/1',
    'empty segments': '/v2//a/manifests/1',
    'two slashes at the beginning': '//evil.test/v2/',
    'two slashes at the end': '/v2/a//',
    'a dot segment': '/v2/./a/manifests/1',
    'a parent segment': '/v2/../ca/bundle.pem',
    'a parent segment at the end': '/v2/a/..',
    'the absolute form': 'http://hub.example.test/v2/',
    'the authority form': 'hub.example.test:443',
    'the asterisk form': '*',
    'no slash': 'v2/',
    'nothing at all': '',
    'a fragment': '/v2/#a',
    'a fragment in the query': '/v2/?a#b',
    'letters beyond ASCII': '/v2/\u00e9/manifests/1',
    'letters beyond ASCII in the query': '/v2/?last=\u00e9',
    'a space': '/v2/a b/manifests/1',
    'a control character': '/v2/a\u0001/manifests/1',
    'a line break': '/v2/a\r\nX: y',
    'quotes and angle brackets': '/v2/<"a">/manifests/1',
  };
  for (const [what, target] of Object.entries(malformed)) {
    it(`refuses ${what}`, () => {
      expect(errorOf(() => parseTarget(target, limits)).code).to.equal(
        'MIRRORGATE_REQUEST_MALFORMED',
      );
    });
  }

  it('takes the longest target, and none beyond it', () => {
    const longest = `/${'a'.repeat(limits.maxTargetLength - 1)}`;
    expect(parseTarget(longest, limits).path).to.equal(longest);
    expect(errorOf(() => parseTarget(`${longest}a`, limits)).code).to.equal(
      'MIRRORGATE_REQUEST_TARGET_LENGTH',
    );
    const longer = { ...limits, maxTargetLength: limits.maxTargetLength + 1 };
    expect(parseTarget(`${longest}a`, longer).path).to.equal(`${longest}a`);
  });
});

describe('judgeHeaders', () => {
  it('reads the host, in whatever spelling', () => {
    for (const written of ['hub.example.test', 'HUB.Example.Test:8443', 'hub.example.test.']) {
      expect(judgeHeaders(requestOf([['hOST', written]]), limits)).to.equal('hub.example.test');
    }
    expect(judgeHeaders(requestOf([['host', '[2001:DB8::1]:443']]), limits)).to.equal(
      '2001:db8::1',
    );
    expect(judgeHeaders(requestOf([['host', '192.0.2.1']]), limits)).to.equal('192.0.2.1');
  });

  const hosts: Readonly<Record<string, Fields>> = {
    'no Host': [['Accept', '*/*']],
    'two of them': [host, ['host', 'hub.example.test']],
    'an empty one': [['Host', '']],
    'one with user information': [['Host', 'user@hub.example.test']],
    'one with a path': [['Host', 'hub.example.test/v2']],
    'one with a port beyond 65535': [['Host', 'hub.example.test:65536']],
    'a list': [['Host', 'hub.example.test, other.test']],
    'an underscore': [['Host', 'hub_1.example.test']],
    'an address in short notation': [['Host', '127.1']],
    'an address in hexadecimal': [['Host', '0x7f.0.0.1']],
  };
  for (const [what, fields] of Object.entries(hosts)) {
    it(`refuses ${what}`, () => {
      expect(errorOf(() => judgeHeaders(requestOf(fields), limits)).code).to.equal(
        'MIRRORGATE_REQUEST_MALFORMED',
      );
    });
  }

  it('takes HTTP/1.1 and 1.0, and no version that Node reads in the same way', () => {
    expect(judgeHeaders(requestOf([host], { httpVersion: '1.0' }), limits)).to.equal(
      'hub.example.test',
    );
    for (const httpVersion of ['0.9', '2.0']) {
      expect(errorOf(() => judgeHeaders(requestOf([host], { httpVersion }), limits)).code).to.equal(
        'MIRRORGATE_REQUEST_MALFORMED',
      );
    }
  });

  it('takes the greatest number of headers, and none beyond it', () => {
    const many = Array.from(
      { length: limits.maxHeaderCount - 1 },
      (_, n) => [`x-${n}`, ''] as const,
    );
    expect(judgeHeaders(requestOf([host, ...many]), limits)).to.equal('hub.example.test');
    expect(
      errorOf(() => judgeHeaders(requestOf([host, ...many, ['x', '']]), limits)).code,
    ).to.equal('MIRRORGATE_REQUEST_HEADERS');
    const more = { ...limits, maxHeaderCount: limits.maxHeaderCount + 1 };
    expect(judgeHeaders(requestOf([host, ...many, ['x', '']]), more)).to.equal('hub.example.test');
  });
});

describe('judgePull', () => {
  it('takes GET and HEAD without a body', () => {
    for (const method of ['GET', 'HEAD']) {
      expect(judgePull(requestOf([host], { method }), limits).path).to.equal('/v2/');
      expect(judgePull(requestOf([['Content-Length', '0']], { method }), limits).path).to.equal(
        '/v2/',
      );
    }
  });

  it('refuses every other method', () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'get']) {
      expect(errorOf(() => judgePull(requestOf([host], { method }), limits)).code, method).to.equal(
        'MIRRORGATE_REQUEST_METHOD',
      );
    }
  });

  const bodies: Fields = [
    ['Content-Length', '1'],
    ['Content-Length', '00'],
    ['Content-Length', ''],
    ['Transfer-Encoding', 'chunked'],
    ['Transfer-Encoding', 'identity'],
    ['Transfer-Encoding', ''],
    ['Expect', '100-continue'],
    ['Upgrade', 'h2c'],
    ['Trailer', 'x'],
  ];
  for (const [name, value] of bodies) {
    it(`refuses ${name}: ${value === '' ? '(empty)' : value}`, () => {
      expect(errorOf(() => judgePull(requestOf([[name, value]]), limits)).code).to.equal(
        'MIRRORGATE_REQUEST_BODY',
      );
    });
  }

  it('judges the target whatever the method', () => {
    for (const method of ['GET', 'POST']) {
      const request = requestOf([host], { method, url: '/v2/%2e%2e/' });
      expect(errorOf(() => judgePull(request, limits)).code).to.equal(
        'MIRRORGATE_REQUEST_MALFORMED',
      );
    }
  });
});
