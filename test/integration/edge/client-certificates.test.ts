import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { makeClientLeaf, makeLeaf } from '../../../lib/ca/leaf.ts';
import type { Root } from '../../../lib/ca/root.ts';
import type { CertifiedKey } from '../../../lib/certificates/issuer.ts';
import { EdgeBench, type EdgeBenchOptions } from '../../support/edge/edge-bench.ts';
import { allowed, listOf, listWithCertificates } from '../../support/edge/test-allow-list.ts';
import { hubHost, universalHost } from '../../support/edge/test-settings.ts';
import { WireClient } from '../../support/edge/wire-client.ts';
import { dayMs, testRoot } from '../../support/test-certificates.ts';

const now = new Date();
const [rootA, rootB, stranger] = [1, 2, 3].map(() => testRoot({ now })) as [Root, Root, Root];
const get = `GET /v2/alpine/manifests/3 HTTP/1.1\r\nHost: ${universalHost}\r\n\r\n`;
const onlyFirst = [allowed('127.0.0.1/32')];

function clientKey(name: string, root = rootA, at = now): CertifiedKey {
  return makeClientLeaf(root, { name, lifetimeMs: dayMs, now: at });
}

function shown({ privateKeyPem: key, chainPem: cert }: CertifiedKey): ConnectionOptions {
  return { key, cert };
}

describe('client certificates', () => {
  let bench: EdgeBench;

  const start = async (options: EdgeBenchOptions = {}): Promise<void> => {
    bench = await EdgeBench.start({
      allowList: listWithCertificates([{ name: 'vm-1' }, { name: 'vm-2' }], onlyFirst),
      ...options,
    });
    trust(rootA);
  };
  const trust = (...roots: readonly Root[]): void =>
    bench.edge.setTrust({
      ...{ bundleVersion: 1, fingerprint: undefined, documents: [] },
      clientRoots: roots.map(({ certificate }) => certificate.toString()),
    });
  const connect = (tls: ConnectionOptions, from = '127.0.0.2'): Promise<WireClient> =>
    WireClient.tls({ port: bench.port, from, tls });
  /** The status, or `closed`. */
  const outcome = async (tls: ConnectionOptions, from?: string): Promise<string> => {
    const client = await connect(tls, from).catch(() => undefined);
    if (client === undefined) return 'closed';
    client.socket.on('error', () => undefined);
    client.send(get.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    return /^HTTP\/1\.1 (\d+)/.exec(await client.closed())?.[1] ?? 'closed';
  };
  afterEach(() => bench.close());

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`let in from any address by ${version}, for every host`, async () => {
      await start();
      const tls = { ...shown(clientKey('vm-1')), minVersion: version, maxVersion: version };
      expect(await outcome(tls)).to.equal('200');
      const client = await WireClient.tls({
        ...{ port: bench.port, from: '127.0.0.3', serverName: hubHost, tls },
      });
      await client.send(get.replace(universalHost, hubHost)).until(/^HTTP\/1\.1 200 /);
      client.close();
    });

    it(`are needed by ${version} from an address that is not listed, and must be right`, async () => {
      await start();
      const past = new Date(now.getTime() - 10 * dayMs);
      const wrong: Readonly<Record<string, ConnectionOptions>> = {
        none: {},
        'of a name that is not listed': shown(clientKey('vm-3')),
        'of another CA': shown(clientKey('vm-1', stranger)),
        expired: shown(clientKey('vm-1', rootA, past)),
        'of a server': shown(makeLeaf(rootA, { names: ['vm-1'], lifetimeMs: dayMs, now })),
      };
      for (const [what, tls] of Object.entries(wrong)) {
        const versions = { minVersion: version, maxVersion: version };
        expect(await outcome({ ...tls, ...versions }), what).to.equal('closed');
      }
      expect(bench.worker.requests).to.have.length(0);
      expect(bench.edge.denials).to.deep.equal([['127.0.0.2', 5]]);
    });
  }

  it('are asked of nobody whose address is listed', async () => {
    await start();
    expect(await outcome({}, '127.0.0.1')).to.equal('200');
    expect(await outcome(shown(clientKey('vm-3')), '127.0.0.1')).to.equal('200');
  });

  it('are asked of nobody where the list names none', async () => {
    await start({ allowList: listOf(onlyFirst) });
    const client = await WireClient.tcp({ port: bench.port, from: '127.0.0.2' });
    expect(await client.closed(1_000)).to.equal('');
  });

  it('keep to the mirrors of their entry', async () => {
    await start({ allowList: listWithCertificates([{ name: 'vm-1', mirrors: ['ghcr'] }]) });
    expect(await outcome(shown(clientKey('vm-1')))).to.equal('403');
  });

  it('count and log by their name, whatever the address', async () => {
    await start();
    for (const from of ['127.0.0.2', '127.0.0.3']) await outcome(shown(clientKey('vm-1')), from);
    await bench.clock.advance(1_000);
    const clients = bench.usage.flatMap(({ deltas }) =>
      deltas.flatMap(({ client, mirror }) => (mirror === undefined ? [] : [client])),
    );
    expect(new Set(clients)).to.deep.equal(new Set(['certificate:vm-1']));
    const logged = bench.log.entries.filter(({ event }) => event === 'access');
    expect(logged.map(({ fields }) => [fields['client'], fields['label']])).to.deep.equal([
      ['127.0.0.2', 'vm-1'],
      ['127.0.0.3', 'vm-1'],
    ]);
  });

  it('are held to the connections of one client together', async () => {
    await start({ limits: { maxConnectionsPerAddress: 2 } });
    const tls = shown(clientKey('vm-1'));
    const held = [await connect(tls, '127.0.0.2'), await connect(tls, '127.0.0.3')];
    for (const client of held) await client.send(get).until(/ 200 /);
    expect(await outcome(tls, '127.0.0.4')).to.equal('closed');
    expect(await outcome(shown(clientKey('vm-2')), '127.0.0.4')).to.equal('200');
    for (const client of held) client.close();
  });

  it('lose their connections and their right when their name is taken off the list', async () => {
    await start();
    const tls = shown(clientKey('vm-1'));
    const client = await connect(tls);
    await client.send(get).until(/ 200 /);
    bench.edge.setAllowList(listWithCertificates([{ name: 'vm-2' }]));
    await client.closed(1_000);
    expect(await outcome(tls)).to.equal('closed');
    expect(await outcome(shown(clientKey('vm-2')))).to.equal('200');
  });

  it('lose them when their entry expires', async () => {
    await start();
    const expires = new Date(bench.clock.now().getTime() + 60_000);
    bench.edge.setAllowList(listWithCertificates([{ name: 'vm-1', expires }]));
    const client = await connect(shown(clientKey('vm-1')));
    await client.send(get).until(/ 200 /);
    await bench.clock.advance(61_000);
    await client.closed(1_000);
  });

  it('hold through a rotation of the CA, until their root is retired', async () => {
    await start();
    const [old, fresh] = [shown(clientKey('vm-1', rootA)), shown(clientKey('vm-1', rootB))];
    expect(await outcome(fresh)).to.equal('closed');
    trust(rootB, rootA);
    expect([await outcome(old), await outcome(fresh)]).to.deep.equal(['200', '200']);
    trust(rootB);
    expect([await outcome(old), await outcome(fresh)]).to.deep.equal(['closed', '200']);
  });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`are not replaced by a session of ${version} that an allowed address began`, async () => {
      await start();
      const versions = { minVersion: version, maxVersion: version };
      const first = await connect(versions, '127.0.0.1');
      await first.send(get).until(/ 200 /);
      const resumed = { ...versions, session: (first.socket as TLSSocket).getSession() };
      first.close();
      const again = await connect(resumed, '127.0.0.1');
      expect((again.socket as TLSSocket).isSessionReused()).to.equal(true);
      again.close();
      expect(await outcome(resumed, '127.0.0.2')).to.equal('closed');
    });
  }

  it('are shown anew in every connection: nothing is resumed', async () => {
    await start();
    const tls = shown(clientKey('vm-1'));
    const sessions: Buffer[] = [];
    const first = await connect({ ...tls, maxVersion: 'TLSv1.2' });
    first.socket.on('session', (session: Buffer) => sessions.push(session));
    await first.send(get).until(/ 200 /);
    const session = (first.socket as TLSSocket).getSession();
    first.close();
    const again = await connect({ ...tls, maxVersion: 'TLSv1.2', session });
    expect((again.socket as TLSSocket).isSessionReused()).to.equal(false);
    again.close();
    expect(sessions).to.deep.equal([]);
  });

  it('leave who is told 403 to be told so', async () => {
    await start({ allowList: listWithCertificates([{ name: 'vm-1' }], [], 'http') });
    expect(await outcome({})).to.equal('403');
    expect(await outcome(shown(clientKey('vm-1')))).to.equal('200');
  });

  it('do not let strangers wait longer, or be more, than visitors', async () => {
    await start({ limits: { handshakeTimeoutMs: 300, maxStrangers: 2 } });
    const held = [2, 3].map((n) => WireClient.tcp({ port: bench.port, from: `127.0.0.${n}` }));
    const waiting = await Promise.all(held);
    const late = await WireClient.tcp({ port: bench.port, from: '127.0.0.4' });
    await late.closed(200);
    for (const client of waiting) await client.closed(1_000);
  });
});
