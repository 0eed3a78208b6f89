/**
 * Whatever an upstream names, and however it spells it, no connection goes to an address that is
 * not on the public internet, and no credential to a host that is not the registry's own. Here
 * 127.0.0.1 plays the public internet; a canary on 127.0.0.2 and ::1 counts who comes.
 */
import { createServer, type AddressInfo, type LookupFunction, type Server } from 'node:net';
import { expect } from 'chai';
import { addressText } from '../../../lib/net/address.ts';
import { digestOf } from '../../../lib/oci/digest.ts';
import { publicAddressesOnly, type AddressPolicy } from '../../../lib/upstream/address-policy.ts';
import { noteFigure } from '../../support/figures.ts';
import { blobRequest, bodyOf, failureOf, UpstreamBench } from '../../support/upstream/bench.ts';
import type { FakeRegistry } from '../../support/upstream/fake-registry.ts';
import { tokenServer, withTokens } from '../../support/upstream/fake-tokens.ts';
import { createTestAuthority } from '../../support/upstream/test-authority.ts';

const content = Buffer.from('content');
const digest = digestOf(content);
const credentials = { username: 'acme', password: 'secret' };

const permits: AddressPolicy = (address) =>
  addressText(address) === '127.0.0.1' || publicAddressesOnly(address);

/** What the injected resolver knows. `CANARY` in a target is the canary's port. */
const names: Readonly<Record<string, readonly string[]>> = {
  'registry.test': ['127.0.0.1'],
  'public.test': ['127.0.0.1'],
  'loopback.test': ['127.0.0.2'],
  'loopback6.test': ['::1'],
  'mapped.test': ['::ffff:127.0.0.2'],
  'both.test': ['127.0.0.2', '::1'],
  'metadata.test': ['169.254.169.254'],
  'metadata6.test': ['fd00:ec2::254'],
  'private.test': ['10.0.0.1', '172.16.0.1', '192.168.0.1'],
  'cgnat.test': ['100.64.0.1'],
  'nat64.test': ['64:ff9b::7f00:2', '64:ff9b:1::7f00:2'],
  'sixtofour.test': ['2002:7f00:2::1'],
  'teredo.test': ['2001:0:7f00:2::1'],
  'compatible.test': ['::127.0.0.2'],
  'unspecified.test': ['0.0.0.0', '::'],
  'linklocal.test': ['fe80::1%lo'],
  'multicast.test': ['224.0.0.1', 'ff02::1'],
  'nothing.test': [],
};

const forbiddenHosts = [
  '127.0.0.2',
  '127.2',
  '127.0.2',
  '2130706434',
  '0x7f000002',
  '0x7f.0.0.2',
  '0177.0.0.2',
  '017700000002',
  '127.0.0.2.',
  '%31%32%37.0.0.2',
  '%E2%91%A0%E2%91%A1%E2%91%A6.0.0.2', // circled digits
  '127%E3%80%820%E3%80%820%E3%80%822', // ideographic full stops
  '127.0.0.%EF%BC%92', // full-width digit
  '0.0.0.0',
  '0',
  '[::1]',
  '[::]',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.2]',
  '[::ffff:7f00:2]',
  '[0:0:0:0:0:ffff:7f00:0002]',
  '[::127.0.0.2]',
  '[64:ff9b::127.0.0.2]',
  '[64:ff9b:1::7f00:2]',
  '[2002:7f00:2::]',
  '[2001:0:7f00:2::]',
  '[fd00:ec2::254]',
  '[fe80::1]',
  '[ff02::1]',
  '169.254.169.254',
  '2852039166',
  '0xa9fea9fe',
  '10.0.0.1',
  '100.64.0.1',
  '172.16.0.1',
  '192.168.0.1',
  '198.18.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '127.000.000.002',
  '0300.0250.0.1', // 192.168.0.1
  '3232235521', // 192.168.0.1
  '[::ffff:169.254.169.254]',
  '[::ffff:0:127.0.0.2]',
  '[fc00::1]',
  'LOOPBACK.test',
  'loopback.test.',
  ...Object.keys(names).filter((name) => !['registry.test', 'public.test'].includes(name)),
];

describe('forbidden destinations', () => {
  const authority = createTestAuthority();
  const tls = authority.issue(['registry.test', 'public.test']);
  let bench: UpstreamBench;
  let canary: Canary;
  let upstream: FakeRegistry;
  /** Connections to the canary in all tests but the first. */
  let dialled = 0;
  let realm: string;
  let target: string;

  const lookup: LookupFunction = (hostname, _options, callback) => {
    const addresses = names[hostname.toLowerCase().replace(/\.$/, '')];
    if (addresses === undefined) throw new Error(`the test knows no ${hostname}`);
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };

  before(async () => {
    canary = await Canary.start();
  });
  after(async () => {
    noteFigure(
      'A6',
      `${forbiddenHosts.length} hosts × ${places} places: ${dialled} forbidden connections, so no byte of a credential`,
    );
    await canary.close();
  });

  beforeEach(async () => {
    canary.connections = 0;
    bench = new UpstreamBench();
    upstream = await bench.registry({
      tls,
      wrap: (inner) => (exchange) => {
        const { url, response } = exchange;
        const guarded = withTokens(inner, { realm, credentials });
        if (!url.pathname.startsWith('/moved')) return guarded(exchange);
        response.writeHead(307, { location: target }).end();
        return undefined;
      },
    });
    upstream.addBlob(content);
    realm = upstream.urlAt('registry.test') + '/token';
    target = 'unset';
  });
  afterEach(() => bench.close());
  const places = 6;

  function client(tokenHosts: readonly string[] = []) {
    return bench.client(upstream.urlAt('registry.test'), {
      lookup,
      permits,
      mirror: {
        credentials,
        tokenHosts,
        allowPrivateUpstream: false,
        upstreamTrust: authority.root,
      },
    });
  }

  async function refusal(promise: Promise<unknown>): Promise<void> {
    expect((await failureOf(promise)).code).to.equal('MIRRORGATE_UPSTREAM_REFUSED');
    expect(canary.connections).to.equal(0);
  }

  it('the stage is set: the canary counts, the public upstream serves', async () => {
    const any = { permits: () => true, lookup };
    const toCanary = bench.client(`http://loopback.test:${canary.port}`, any);
    await failureOf(toCanary.fetch(blobRequest(digest)));
    expect(canary.connections).to.be.greaterThan(0);
    const error = await failureOf(client().fetch(blobRequest(digest)));
    expect(error.code).to.equal('MIRRORGATE_UPSTREAM_DENIED');
    expect(upstream.count('token')).to.equal(1);
  });

  for (const host of forbiddenHosts) {
    it(`${host} is dialled from no place`, async () => {
      const origin = `https://${host}:${canary.port}`;

      // As a realm, and as a realm whose host the configuration permits.
      realm = `${origin}/token`;
      await refusal(client().fetch(blobRequest(digest)));
      const name = URL.parse(origin)?.hostname.replace(/^\[|\]$/g, '') ?? host;
      await refusal(client([name]).fetch(blobRequest(digest)));

      // As the redirect of a blob.
      upstream.setFault('blob', {
        kind: 'status',
        status: 307,
        headers: { location: `${origin}/x` },
      });
      await refusal(client().fetch(blobRequest(digest)));

      // As the second hop of it.
      const hop = `${upstream.urlAt('public.test')}/moved`;
      upstream.setFault('blob', { kind: 'status', status: 302, headers: { location: hop } });
      target = `${origin}/x`;
      await refusal(client().fetch(blobRequest(digest)));

      // As the redirect of a token request.
      upstream.setFault('blob', undefined);
      realm = upstream.urlAt('registry.test') + '/token';
      upstream.setFault('token', {
        kind: 'status',
        status: 307,
        headers: { location: `${origin}/t` },
      });
      await refusal(client().fetch(blobRequest(digest)));

      // As the upstream itself.
      const mirror = { allowPrivateUpstream: false };
      await refusal(bench.client(origin, { lookup, permits, mirror }).fetch(blobRequest(digest)));
      dialled += canary.connections;
    });
  }

  it('a name that changes its answer is judged on every connection', async () => {
    const answers = ['127.0.0.1', '127.0.0.2', '127.0.0.2'];
    let asked = 0;
    const rebinding: LookupFunction = (_hostname, _options, callback) => {
      const address = answers[Math.min(asked, answers.length - 1)] ?? '';
      asked += 1;
      callback(null, [{ address, family: 4 }]);
    };
    const plain = await bench.registry();
    plain.addBlob(content);
    plain.setFault('blob', { kind: 'headers', headers: { connection: 'close' } });
    const rebound = bench.client(plain.urlAt('rebind.test'), { lookup: rebinding, permits });
    expect(await bodyOf(await rebound.fetch(blobRequest(digest)))).to.deep.equal(content);
    await refusal(rebound.fetch(blobRequest(digest)));
    await refusal(rebound.fetch(blobRequest(digest)));
    expect(asked).to.equal(3);
  });

  it('of several addresses the forbidden ones are left out', async () => {
    const mixed: LookupFunction = (_hostname, _options, callback) => {
      callback(null, [
        { address: '::1', family: 6 },
        { address: '127.0.0.2', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]);
    };
    const plain = await bench.registry();
    plain.addBlob(content);
    const origin = plain.urlAt('mixed.test');
    const response = await bench
      .client(origin, { lookup: mixed, permits })
      .fetch(blobRequest(digest));
    expect(await bodyOf(response)).to.deep.equal(content);
    expect(canary.connections).to.equal(0);
  });

  it('the connected socket is judged again, before a byte is sent', async () => {
    let judged = 0;
    const changing: AddressPolicy = () => (judged += 1) === 1;
    const plain = await bench.registry();
    const origin = plain.urlAt('registry.test');
    await refusal(bench.client(origin, { lookup, permits: changing }).fetch(blobRequest(digest)));
    expect(judged).to.equal(2);
    expect(plain.requests).to.have.length(0);
  });

  it('user information, plain http and other schemes are followed nowhere', async () => {
    const port = upstream.port;
    const targets = [
      `https://acme:secret@public.test:${port}/x`,
      `https://registry.test@public.test:${port}/x`,
      `http://public.test:${port}/x`,
      `http://registry.test:${port}/x`,
      'ftp://public.test/x',
      'file:///etc/passwd',
      'gopher://public.test/x',
      `//user@public.test:${port}/x`,
    ];
    for (const location of targets) {
      upstream.setFault('blob', { kind: 'status', status: 307, headers: { location } });
      await refusal(client().fetch(blobRequest(digest)));
      upstream.setFault('blob', undefined);
      realm = location;
      await refusal(client().fetch(blobRequest(digest)));
    }
  });

  it('another public host gets neither Authorization nor token request', async () => {
    const thief = await bench.registry({
      tls,
      wrap: (inner) => withTokens(inner, { credentials }),
    });
    thief.addBlob(content);
    const stolen = (): unknown[] =>
      thief.requests.map(({ headers }) => headers.authorization).filter(Boolean);

    realm = `${thief.urlAt('public.test')}/token`;
    await refusal(client().fetch(blobRequest(digest)));
    expect(thief.requests).to.have.length(0);

    // A redirect to it is followed, and its own challenge answered with an anonymous token.
    upstream.setFault('blob', { kind: 'redirect', to: thief.urlAt('public.test') });
    expect(await bodyOf(await client().fetch(blobRequest(digest)))).to.deep.equal(content);
    expect(stolen().every((header) => String(header).startsWith('Bearer '))).to.equal(true);
    expect(thief.requests.map(({ kind }) => kind)).to.deep.equal(['blob', 'token', 'blob']);

    // A challenge that names the mirror's own token server gets no token from there.
    const accomplice = await bench.registry({
      tls,
      wrap: (inner) => withTokens(inner, { realm: `${upstream.urlAt('registry.test')}/token` }),
    });
    upstream.forgetRequests();
    upstream.setFault('blob', { kind: 'redirect', to: accomplice.urlAt('public.test') });
    await refusal(client().fetch(blobRequest(digest)));
    expect(upstream.count('token')).to.equal(0);
  });

  it('a listed token server that redirects gets the credentials, its target does not', async () => {
    const auth = await bench.server({
      tls,
      handler: tokenServer({ credentials }),
    });
    const collector = await bench.server({
      tls,
      handler: ({ response }) => {
        response.writeHead(307, { location: auth.urlAt('public.test') }).end();
      },
    });
    realm = `${collector.urlAt('public.test')}/token`;
    await refusal(client(['public.test']).fetch(blobRequest(digest)));
    expect(collector.requests).to.have.length(1);
    expect(auth.requests).to.have.length(0);
  });
});

/** Listens where nobody may go, on one port of every forbidden loopback address. */
class Canary {
  connections = 0;
  readonly #servers: Server[] = [];

  static async start(): Promise<Canary> {
    const canary = new Canary();
    const port = await canary.#listen('127.0.0.2', 0);
    await canary.#listen('::1', port);
    return canary;
  }

  get port(): number {
    return (this.#servers[0]?.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#servers.map((server) => new Promise((resolve) => server.close(resolve))),
    );
  }

  async #listen(host: string, port: number): Promise<number> {
    const server = createServer((socket) => {
      this.connections += 1;
      socket.on('error', () => socket.destroy());
      socket.end('HTTP/1.1 500 canary\r\nconnection: close\r\n\r\n');
      socket.resume();
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, ipv6Only: host === '::1' }, resolve);
    });
    this.#servers.push(server);
    return (server.address() as AddressInfo).port;
  }
}
