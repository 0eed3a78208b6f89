/** Upstreams that break HTTP itself: a clear error at once, and never one answer taken for another. */
import { createServer, type AddressInfo, type Server } from 'node:net';
import { expect } from 'chai';
import { digestOf } from '../../../lib/oci/digest.ts';
import { systemClock } from '../../../lib/time/clock.ts';
import { UpstreamRegistry } from '../../../lib/upstream/registry.ts';
import { blobRequest, bodyOf, failureOf, manifestRequest } from '../../support/upstream/bench.ts';
import { MemoryLogger, testMirror } from '../../support/upstream/test-mirror.ts';

const digest = digestOf(Buffer.from('content'));

describe('unruly upstreams', () => {
  let server: Server;
  let client: UpstreamRegistry;
  let reply: (requestLine: string) => string;

  beforeEach(async () => {
    server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.on('data', (bytes) => {
        socket.write(reply(bytes.toString('latin1').split('\r\n', 1)[0] ?? ''), 'latin1');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    client = new UpstreamRegistry({
      mirror: testMirror(`http://127.0.0.1:${port}`),
      clock: systemClock,
      logger: new MemoryLogger(),
      deadlines: { firstByteMs: 2_000, bodyIdleMs: 50 },
    });
  });
  afterEach(async () => {
    await client.close();
    await new Promise((resolve) => server.close(resolve));
  });

  const garbage: readonly (readonly [string, string])[] = [
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['HTTP/0.9', '<html></html>\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['a header without colon', 'HTTP/1.1 200 OK\r\nBroken\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'],
    [
      'length and chunks at once',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['headers without end', `HTTP/1.1 200 OK\r\n${'X-Padding: x\r\n'.repeat(20_000)}`],
    ['an upgrade', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
  ];
  for (const [name, text] of garbage) {
    it(`that send ${name} are unreachable`, async () => {
      reply = () => text;
      const reading = (async () => bodyOf(await client.fetch(blobRequest(digest))))();
      const error = await failureOf(reading);
      expect(error.code).to.equal('MIRRORGATE_UPSTREAM_UNREACHABLE');
    });
  }

  it('that send a chunk of no size break the body', async () => {
    reply = () => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n';
    const reading = (async () => bodyOf(await client.fetch(blobRequest(digest))))();
    expect((await failureOf(reading)).code).to.equal('MIRRORGATE_UPSTREAM_UNREACHABLE');
  });

  it('that announce many interim answers are heard out', async () => {
    const interim = 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'.repeat(50);
    reply = () => `${interim}HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\ncontent`;
    expect((await bodyOf(await client.fetch(blobRequest(digest)))).toString()).to.equal('content');
  });

  it('that name a header __proto__ change nothing', async () => {
    reply = () =>
      'HTTP/1.1 200 OK\r\n__proto__: x\r\nconstructor: y\r\nContent-Length: 7\r\n\r\ncontent';
    const response = await client.fetch(blobRequest(digest));
    expect(await bodyOf(response)).to.have.length(7);
    expect([...response.headers]).to.deep.equal([]);
  });

  it('that send a body to a HEAD have it taken for no other answer', async () => {
    const forged = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged';
    reply = (line) =>
      line.startsWith('HEAD')
        ? `HTTP/1.1 200 OK\r\nContent-Length: ${forged.length}\r\n\r\n${forged}`
        : 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue';
    for (let round = 0; round < 20; round += 1) {
      await client.fetch(manifestRequest('acme/app:1', { method: 'HEAD' }));
      const response = await client.fetch(manifestRequest('acme/app:1'));
      expect((await bodyOf(response)).toString()).to.equal('true');
    }
  });
});
