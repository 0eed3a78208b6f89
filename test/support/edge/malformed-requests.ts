/**
 * Requests that a mirror must not take. Each defect alone makes a request one that is refused, so
 * that any mixture of them is refused as well.
 */
import { universalHost } from './test-settings.ts';
import type { SeededRandom } from './seeded-random.ts';

interface Draft {
  requestLine: string;
  readonly headers: string[];
  /** What follows the headers. */
  body: string;
}

/** Another request in what an edge may take for a body; no worker must ever see it. */
export const smuggledPath = '/v2/smuggled/app/manifests/1';
export const pulledPath = '/v2/acme/app/manifests/1';
const smuggled = `GET ${smuggledPath} HTTP/1.1\r\nHost: ${universalHost}\r\n\r\n`;
const chunk = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n`;

export const badRequestLines: readonly string[] = [
  ...[
    '/v2/%61cme/app/manifests/1',
    '/v2/acme%2fapp/manifests/1',
    '/v2/acme/app/manifests/%31',
    '/v2/%2e%2e/ca/bundle.pem',
    '/v2/acme\\app/manifests/1',
    '/v2//acme/app/manifests/1',
    '//v2/acme/app/manifests/1',
    '/v2/acme/../app/manifests/1',
    '/v2/./acme/app/manifests/1',
    '/v2/acme/app/manifests/..',
    `http://${universalHost}${pulledPath}`,
    `https://evil.test${pulledPath}`,
    `${universalHost}:443`,
    '*',
    'v2/',
    '?',
    `${pulledPath}#fragment`,
    `${pulledPath}?a=<b>`,
    '/v2/\u00e9/app/manifests/1',
    '/v2/a\u0000b/manifests/1',
    '/v2/a\u0001b/manifests/1',
    '/v2/a b/manifests/1',
    '/v2/a\tb/manifests/1',
    '/v2/"acme"/manifests/1',
    '/v2/ACME/app/manifests/1',
    '/v2/acme/app/manifests/.1',
    '/v2/acme/app/blobs/sha256:ab',
    `/v2/${'a/'.repeat(1_500)}manifests/1`,
    `${pulledPath}?ns=ghcr.io&ns=docker.io`,
    '',
  ].map((target) => `GET ${target} HTTP/1.1`),
  ...[
    'POST',
    'PUT',
    'PATCH',
    'DELETE',
    'OPTIONS',
    'TRACE',
    'CONNECT',
    'PROPFIND',
    'get',
    'G',
    '',
  ].map((method) => `${method} ${pulledPath} HTTP/1.1`),
  ...[
    'HTTP/2.0',
    'HTTP/3.0',
    'HTTP/1.2',
    'HTTP/1.1 x',
    'HTTP/11',
    'http/1.1',
    'HTTPS/1.1',
    'ICE/1.0',
    '',
  ].map((version) => `GET ${pulledPath} ${version}`),
  `GET\t${pulledPath}\tHTTP/1.1`,
  ` GET ${pulledPath} HTTP/1.1`,
  `GET ${pulledPath}`,
  'PRI * HTTP/2.0',
  '\u0016\u0003\u0001\u0002\u0000\u0001',
];

/** Well-formed, and for nothing that a mirror has: the connection may go on. */
export const refusedRequestLines: readonly string[] = [
  '/v2/_catalog',
  '/v2/acme/app/blobs/uploads/',
  '/etc/passwd',
  '/.git/config',
  `${pulledPath}?ns=evil.test`,
  `${pulledPath}?ns=`,
].map((target) => `GET ${target} HTTP/1.1`);

export const badHeaders: readonly string[] = [
  'Host: other.example.test',
  'Host : mirror.example.test',
  'Content-Length: 5',
  `Content-Length: ${smuggled.length}`,
  'Content-Length: 00',
  'Content-Length: -1',
  'Content-Length: +5',
  'Content-Length: 0x5',
  'Content-Length: 5 5',
  'Content-Length: 5, 5',
  'Content-Length: 1e1',
  'Content-Length: 99999999999999999999',
  'Content-Length: 0\r\nContent-Length: 5',
  'Content-Length: 5\r\nTransfer-Encoding: chunked',
  'Transfer-Encoding: chunked\r\nContent-Length: 5',
  'Content-Length : 5',
  'Content-Length\u0000: 5',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: CHUNKED',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding: identity, chunked',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding:',
  'Transfer-Encoding: "chunked"',
  'Transfer-Encoding:\tchunked',
  'Transfer-Encoding:\u000bchunked',
  'Transfer-Encoding: chunked\u0000',
  'Transfer-Encoding\t: chunked',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding: x\r\nTransfer-Encoding: chunked',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: x',
  'Transfer-Encoding:\r\n chunked',
  'X: y\rTransfer-Encoding: chunked',
  'X: y\nContent-Length: 5',
  'Expect: 100-continue',
  'Expect: 200-maybe',
  'Upgrade: h2c',
  'Connection: Upgrade\r\nUpgrade: websocket',
  'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
  'Trailer: x',
  'Bad Name: x',
  'Bad(Name): x',
  'B\u00e4d: x',
  ': x',
  'no colon',
  'X: a\u0000b',
  'X: a\u0001b',
  'X: a\u007fb',
  'X: a\rb',
  Array.from({ length: 80 }, (_, n) => `x-${n}: y`).join('\r\n'),
  Array.from({ length: 1_200 }, () => 'a:').join('\r\n'),
  `X: ${'a'.repeat(9_000)}`,
  `${'x'.repeat(9_000)}: y`,
];

const goodHost = `Host: ${universalHost}`;

const badHosts: readonly string[] = [
  '',
  'Host:',
  'Host: user@mirror.example.test',
  'Host: mirror.example.test/x',
  'Host: mirror.example.test:99999',
  'Host: mirror.example.test, mirror.example.test',
  'Host: mirror_example.test',
  'Host: mirror.example.test\u0000.evil.test',
  'Host: [::1',
  'Host: evil.test',
  'Host: constructor',
  'Host: 0x7f.1',
];

const badBodies: readonly string[] = [
  smuggled,
  `${chunk}0\r\n\r\n`,
  `0\r\n\r\n${smuggled}`,
  `1;ext=${'e'.repeat(300)}\r\nx\r\n0\r\n\r\n${smuggled}`,
  `1;a\rb\r\nx\r\n0\r\n\r\n${smuggled}`,
  `0\r\nTrailer: x\r\n\r\n${smuggled}`,
  `ffffffffffffffff\r\n${smuggled}`,
  `-1\r\n${smuggled}`,
  `5\nhello\n0\n\n${smuggled}`,
  '\r\n\r\n\r\n',
];

/** A request with one to three defects, and another request behind it. */
export function malformedRequest(random: SeededRandom): string {
  const draft: Draft = {
    requestLine: `GET ${pulledPath} HTTP/1.1`,
    headers: [goodHost, 'User-Agent: crane', 'Accept: */*'],
    body: random.below(2) === 0 ? smuggled : random.pick(badBodies),
  };
  for (let left = 1 + random.below(3); left > 0; left -= 1) random.pick(defects)(draft, random);
  return [draft.requestLine, ...draft.headers, '', draft.body].join('\r\n');
}

const defects: readonly ((draft: Draft, random: SeededRandom) => void)[] = [
  (draft, random) => {
    draft.requestLine = random.pick(badRequestLines);
  },
  ({ headers }, random) => {
    headers.splice(random.below(headers.length + 1), 0, random.pick(badHeaders));
  },
  ({ headers }, random) => {
    const host = random.pick(badHosts);
    const at = headers.indexOf(goodHost);
    if (at !== -1) headers.splice(at, 1, ...(host === '' ? [] : [host]));
  },
];

/** A valid request in which some bytes are changed, left out, doubled or put elsewhere. */
export function mutatedRequest(random: SeededRandom): Buffer {
  let bytes: Buffer = Buffer.from(
    `GET ${pulledPath} HTTP/1.1\r\nHost: ${universalHost}\r\nUser-Agent: crane\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
  );
  for (let left = 1 + random.below(4); left > 0; left -= 1) {
    const at = random.below(bytes.length);
    const to = Math.min(bytes.length, at + 1 + random.below(8));
    const [head, cut, tail] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
    bytes = random.pick([
      () => Buffer.concat([head, random.bytes(cut.length), tail]),
      () => Buffer.concat([head, tail]),
      () => Buffer.concat([head, cut, cut, tail]),
      () => Buffer.concat([tail, cut, head]),
      () =>
        Buffer.concat([head, Buffer.from(random.pick(['\r', '\n', '\0', ':', ' ', '\r\n'])), tail]),
    ])();
  }
  return bytes;
}
