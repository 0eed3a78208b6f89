import { expect } from 'chai';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { FakeBackend, serviceHost } from '../../support/edge/fake-backend.ts';
import { ask } from '../../support/edge/https-client.ts';
import { WireClient } from '../../support/edge/wire-client.ts';

/** What an attacker wants the backend to take for a request. */
const hidden = `GET /hidden HTTP/1.1\r\nHost: ${serviceHost}\r\n\r\n`;
const size = hidden.length.toString(16);
const whole = `${size}\r\n${hidden}\r\n0\r\n\r\n`;

/** Headers and what follows them: two parties may disagree where each ends. */
const disputes: Readonly<Record<string, readonly [readonly string[], string]>> = {
  'CL.TE': [
    [`Content-Length: ${5 + hidden.length}`, 'Transfer-Encoding: chunked'],
    `0\r\n\r\n${hidden}`,
  ],
  'TE.CL': [['Transfer-Encoding: chunked', 'Content-Length: 4'], whole],
  'CL.CL': [['Content-Length: 0', `Content-Length: ${hidden.length}`], hidden],
  'a list of lengths': [[`Content-Length: 0, ${hidden.length}`], hidden],
  'TE.TE with a strange coding': [['Transfer-Encoding: chunked', 'Transfer-Encoding: cow'], whole],
  'TE.TE in one line': [['Transfer-Encoding: chunked, cow'], whole],
  'a coding that ends in chunked': [['Transfer-Encoding: xchunked'], whole],
  'a space before the colon': [['Transfer-Encoding : chunked'], whole],
  'a tab before the coding': [['Transfer-Encoding:\tchunked'], whole],
  'a vertical tab before the coding': [['Transfer-Encoding:\u000bchunked'], whole],
  'a folded line': [['Transfer-Encoding:', ' chunked'], whole],
  'a lone CR': [['X: y\rTransfer-Encoding: chunked'], whole],
  'a lone LF': [['X: y\nTransfer-Encoding: chunked'], whole],
  'a NUL': [['Transfer-Encoding: chunked\u0000'], whole],
  'an extension of a chunk': [
    ['Transfer-Encoding: chunked'],
    `${size};a="\r\n${hidden}\r\n0\r\n\r\n`,
  ],
  'a lone CR in an extension': [
    ['Transfer-Encoding: chunked'],
    `1;a\rb\r\nx\r\n0\r\n\r\n${hidden}`,
  ],
  'a lone LF in an extension': [['Transfer-Encoding: chunked'], `1;a\nx\r\n0\r\n\r\n${hidden}`],
  'a size beyond 64 bits': [
    ['Transfer-Encoding: chunked'],
    `1${'0'.repeat(16)}${size}\r\n${hidden}`,
  ],
  'a size with a sign': [['Transfer-Encoding: chunked'], `+${size}\r\n${hidden}\r\n0\r\n\r\n`],
  'a size with 0x': [['Transfer-Encoding: chunked'], `0x${size}\r\n${hidden}\r\n0\r\n\r\n`],
  'lines without CR': [['Transfer-Encoding: chunked'], `0\n\n${hidden}`],
  'data longer than its chunk': [['Transfer-Encoding: chunked'], `1\r\nxx\r\n0\r\n\r\n${hidden}`],
  'its length called its own': [
    [`Content-Length: ${hidden.length}`, 'Connection: close, Content-Length'],
    hidden,
  ],
  'its coding called its own': [
    ['Transfer-Encoding: chunked', 'Connection: Transfer-Encoding'],
    whole,
  ],
  'an upgrade': [
    ['Connection: Upgrade', 'Upgrade: h2c', `Content-Length: ${hidden.length}`],
    hidden,
  ],
  'an upgrade with chunks': [
    ['Connection: Upgrade', 'Upgrade: websocket', 'Transfer-Encoding: chunked'],
    whole,
  ],
  'an expectation': [['Expect: 100-continue', `Content-Length: ${hidden.length}`], hidden],
};

describe('a request that two parties may read in two ways', () => {
  let bench: EdgeBench;
  let backend: FakeBackend;

  beforeEach(async () => {
    backend = await FakeBackend.start();
    bench = await EdgeBench.start({
      settings: { services: [backend.service] },
      limits: { headersTimeoutMs: 400, keepAliveTimeoutMs: 50, checkIntervalMs: 20 },
    });
    backend.handler = (request, response) => {
      request.on('end', () => response.end('stored'));
    };
  });
  afterEach(async () => {
    await bench.close();
    await backend.kill();
  });

  for (const [what, [headers, rest]] of Object.entries(disputes)) {
    it(`by ${what} hides none behind it`, async () => {
      for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
        const client = await WireClient.tls({ port: bench.port, serverName: serviceHost });
        const lines = [`${method} /shown HTTP/1.1`, `Host: ${serviceHost}`, ...headers, '', rest];
        client.send(lines.join('\r\n'));
        const received = await client.until(/^HTTP\/1\.1 \d{3} /).catch(() => '');
        expect(received, method).to.match(/^(HTTP\/1\.1 ([1245]\d\d) [^]*)?$/);
        client.close();
        const next = await ask({ port: bench.port, host: serviceHost, path: '/next' });
        expect(next.body.toString()).to.equal('stored');
      }
      const targets = new Set(backend.requests.map(({ target }) => target));
      expect(targets).to.not.include('/hidden');
    });
  }
});
