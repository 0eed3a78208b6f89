import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { serviceHost } from '../../support/edge/fake-backend.ts';
import { ask, type Answer, type Question } from '../../support/edge/https-client.ts';
import { hostNames } from '../../support/test-certificates.ts';
import { WireClient } from '../../support/edge/wire-client.ts';

/** A backend that says its bytes to every request and hangs up. */
describe('the backend of a service', () => {
  let bench: EdgeBench;
  let backend: Server;
  let said: string;

  const call = (rest: Partial<Question> = {}): Promise<Answer> =>
    ask({ port: bench.port, path: '/', host: serviceHost, ...rest });

  beforeEach(async () => {
    backend = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', () => socket.end(Buffer.from(said, 'latin1')));
    });
    await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
    const { port } = backend.address() as AddressInfo;
    const service = {
      name: 's3',
      hosts: hostNames(serviceHost),
      target: `http://127.0.0.1:${port}`,
    };
    bench = await EdgeBench.start({ settings: { services: [service] } });
  });
  afterEach(async () => {
    await bench.close();
    backend.close();
  });

  it('that is not there is answered 502', async () => {
    backend.close();
    for (const method of ['GET', 'POST']) {
      const path = '/signed?X-Amz-Signature=secret';
      expect((await call({ path, method })).status).to.equal(502);
    }
    const failures = bench.log.entries.filter(({ event }) => event === 'service failed');
    expect(failures.map(({ fields }) => fields['target'])).to.deep.equal(['/signed', '/signed']);
  });

  it('that hangs up without an answer is answered 502', async () => {
    said = '';
    expect((await call()).status).to.equal(502);
  });

  for (const [what, framing] of [
    ['of known length', 'Content-Length: 10\r\n\r\nhalf'],
    ['of unknown length', 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
  ] as const) {
    it(`that dies in the middle of a body ${what} ends in a cut`, async () => {
      said = `HTTP/1.1 200 OK\r\n${framing}`;
      expect(await call()).to.include({ status: 200, complete: false });
    });
  }

  const oddities: Readonly<Record<string, string>> = {
    'no HTTP': 'garbage\r\n\r\n',
    'a Trailer without chunks': 'HTTP/1.1 200 OK\r\nTrailer: x\r\nContent-Length: 2\r\n\r\nok',
    'an odd reason phrase': 'HTTP/1.1 200 O\u0001K\r\nContent-Length: 2\r\n\r\nok',
    'a status below 100': 'HTTP/1.1 099 Odd\r\nContent-Length: 2\r\n\r\nok',
    'a status of 999': 'HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\nok',
    'an upgrade that nobody asked for':
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nok',
    'early hints': 'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok',
    'length and chunks':
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'a header with a control character':
      'HTTP/1.1 200 OK\r\nX: a\u0001b\r\nContent-Length: 2\r\n\r\nok',
    'too much': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n',
  };
  for (const [what, bytes] of Object.entries(oddities)) {
    it(`that sends ${what} does no harm`, async () => {
      said = bytes;
      const client = await WireClient.tls({ port: bench.port, serverName: serviceHost });
      client.send(`GET / HTTP/1.1\r\nHost: ${serviceHost}\r\nConnection: close\r\n\r\n`);
      expect(await client.closed()).to.match(/^(HTTP\/1\.1 (200|502|999) [ -~]*\r\n[^]*)?$/);
      said = 'HTTP/1.1 204 No Content\r\n\r\n';
      expect((await call()).status).to.equal(204);
    });
  }
});
