import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import { parseCidr, type Cidr } from '../../../lib/net/cidr.ts';
import { benchRootPem, EdgeBench } from '../../support/edge/edge-bench.ts';
import { allowed, listOf } from '../../support/edge/test-allow-list.ts';
import { anyPort, universalHost } from '../../support/edge/test-settings.ts';
import { WireClient } from '../../support/edge/wire-client.ts';

function block(text: string): Cidr {
  const result = parseCidr(text);
  if (result.kind === 'invalid') throw new TypeError(result.reason);
  return result.cidr;
}

const header = (client: string): string => `PROXY TCP4 ${client} 127.0.0.1 5000 443\r\n`;
const binary = Buffer.from('0d0a0d0a000d0a515549540a2111000cc00002077f000001138801bb', 'hex');
const get = `GET /v2/ HTTP/1.1\r\nHost: ${universalHost}\r\nConnection: close\r\n\r\n`;

describe('an https address behind a load balancer', () => {
  let bench: EdgeBench;

  beforeEach(async () => {
    bench = await EdgeBench.start({
      limits: { handshakeTimeoutMs: 300 },
      allowList: listOf([allowed('192.0.2.0/24')]),
      settings: {
        https: [
          {
            endpoint: anyPort('127.0.0.1'),
            mirror: undefined,
            proxiedFrom: [block('127.0.0.1/32')],
          },
        ],
      },
    });
  });
  afterEach(() => bench.close());

  async function through(first: string | Buffer, from = '127.0.0.1'): Promise<string> {
    const tcp: Socket = connectTcp({ host: '127.0.0.1', port: bench.port, localAddress: from });
    tcp.on('error', () => undefined);
    tcp.write(first);
    const tls = connectTls({ socket: tcp, servername: universalHost, ca: benchRootPem });
    let said = '';
    tls.on('error', () => undefined).on('data', (chunk: Buffer) => (said += chunk.toString()));
    tls.write(get);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    tls.once('close', () => resolve(undefined));
    await promise;
    return said;
  }

  it('takes the client that the balancer names, in either version', async () => {
    expect(await through(header('192.0.2.7'))).to.match(/^HTTP\/1\.1 200 /);
    expect(await through(binary)).to.match(/^HTTP\/1\.1 200 /);
    await bench.clock.advance(1_000);
    const clients = bench.usage.flatMap(({ deltas }) => deltas.map(({ client }) => client));
    expect(new Set(clients)).to.deep.equal(new Set(['192.0.2.7']));
  });

  it('denies the client that the balancer names, whatever the balancer may', async () => {
    expect(await through(header('198.51.100.7'))).to.equal('');
    bench.edge.setAllowList(listOf([allowed('127.0.0.0/8')]));
    expect(await through(header('198.51.100.7'))).to.equal('');
  });

  it('hears nobody who is not listed', async () => {
    expect(await through(header('192.0.2.7'), '127.0.0.2')).to.equal('');
  });

  it('closes what says nothing of its client, or something else', async () => {
    bench.edge.setAllowList(listOf([allowed('127.0.0.0/8')]));
    expect(await through('')).to.equal('');
    expect(await through('PROXY TCP4 192.0.2.7\r\n')).to.equal('');
    const silent = await WireClient.tcp({ port: bench.port, from: '127.0.0.1' });
    expect(await silent.send('PROXY ').closed(2_000)).to.equal('');
  });

  it('cuts the connections of a client that is removed', async () => {
    const tcp = connectTcp({ host: '127.0.0.1', port: bench.port });
    tcp.on('error', () => undefined);
    tcp.write(header('192.0.2.7'));
    const tls = connectTls({ socket: tcp, servername: universalHost, ca: benchRootPem });
    tls.on('error', () => undefined);
    await once(tls, 'secureConnect');
    bench.edge.setAllowList(listOf([allowed('127.0.0.0/8')]));
    if (!tcp.destroyed) await once(tcp, 'close');
  });
});
