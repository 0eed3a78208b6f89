import { Agent } from 'node:https';
import { expect } from 'chai';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { ask } from '../../support/edge/https-client.ts';
import { scaled } from '../../support/scale.ts';
import { allowed, listOf } from '../../support/edge/test-allow-list.ts';
import { WireClient } from '../../support/edge/wire-client.ts';
import { universalHost } from '../../support/edge/test-settings.ts';
import { crowd } from '../../support/edge/crowd.ts';
import { SeededRandom } from '../../support/edge/seeded-random.ts';

const get = `GET /v2/ HTTP/1.1\r\nHost: ${universalHost}\r\n\r\n`;

describe('an allow-list that is replaced all the time', function () {
  this.timeout(600_000);

  it('never turns an allowed client away, and never lets a denied one in', async () => {
    const bench = await EdgeBench.start();
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    const wanted = scaled(1_000);
    let reloads = 0;
    const allowedClients = Array.from({ length: 4 }, async () => {
      while (reloads < wanted) {
        expect((await ask({ port: bench.port, path: '/v2/', agent })).status).to.equal(200);
      }
    });
    const deniedClients = Array.from({ length: 4 }, async (_, index) => {
      while (reloads < wanted) {
        const client = await WireClient.tcp({ port: bench.httpPort, from: `127.0.0.${index + 2}` });
        expect(await client.send(get).closed()).to.equal('');
      }
    });
    bench.edge.setAllowList(listOf([allowed('127.0.0.1/32')]));
    for (; reloads < wanted; reloads += 1) {
      const others = [1, 2, 3].map((n) => allowed(`198.51.100.${(reloads * n) % 256}/32`));
      bench.edge.setAllowList(
        listOf([...others, allowed('127.0.0.1/32', { label: `${reloads}` })]),
      );
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all([...allowedClients, ...deniedClients]);
    agent.destroy();
    await bench.close();
  });

  it('takes no header for an address, in any mixture', async () => {
    const bench = await EdgeBench.start({ allowList: listOf([allowed('127.0.0.1/32')], 'http') });
    const random = SeededRandom.announced('spoofed addresses');
    await crowd(500, 16, async () => {
      const client = await WireClient.tcp({ port: bench.httpPort, from: '127.0.0.2' });
      client.send(`GET /v2/ HTTP/1.1\r\nHost: ${universalHost}\r\n${spoofed(random)}\r\n`);
      expect(await client.closed()).to.match(/^HTTP\/1\.1 403 /);
    });
    await bench.close();
  });

  it('takes none for the client of a trusted proxy but what the proxy put at its end', async () => {
    const trustedProxies = [{ network: Uint8Array.of(127, 0, 0, 2), prefixLength: 32 }];
    const bench = await EdgeBench.start({
      allowList: listOf([allowed('127.0.0.1/32')]),
      settings: { trustedProxies },
    });
    const random = SeededRandom.announced('spoofed addresses behind a proxy');
    await crowd(500, 16, async () => {
      const client = await WireClient.tcp({ port: bench.httpPort, from: '127.0.0.2' });
      // As proxies do: at the end of the client's last header of that name, or in one of its own.
      const lines = `${spoofed(random)}X-Forwarded-For: 127.0.0.3\r\nConnection: close\r\n`;
      client.send(`GET /v2/ HTTP/1.1\r\nHost: ${universalHost}\r\n${lines}\r\n`);
      expect(await client.closed()).to.match(/^HTTP\/1\.1 403 /);
    });
    await bench.close();
  });
});

const spoofedNames = [
  'X-Forwarded-For',
  'X-Real-IP',
  'Forwarded',
  'True-Client-IP',
  'CF-Connecting-IP',
  'X-Client-IP',
  'X-Cluster-Client-IP',
  'Via',
  'X-Originating-IP',
];
const spoofedValues = [
  '127.0.0.1',
  'for=127.0.0.1',
  '::ffff:127.0.0.1',
  '127.0.0.1, 127.0.0.1',
  '"127.0.0.1"',
];

/** One to four header lines by which a client claims to be 127.0.0.1. */
function spoofed(random: SeededRandom): string {
  const line = (): string => `${random.pick(spoofedNames)}: ${random.pick(spoofedValues)}\r\n`;
  return Array.from({ length: 1 + random.below(4) }, line).join('');
}
