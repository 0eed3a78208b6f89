/** Against a real registry: Debian's docker-registry, open, behind htpasswd and behind tokens. */
import { randomBytes, sign, X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { digestOf, type Digest } from '../../../lib/oci/digest.ts';
import { ociManifest } from '../../../lib/oci/media-types.ts';
import type { UpstreamRegistry } from '../../../lib/upstream/registry.ts';
import {
  blobRequest,
  bodyOf,
  failureOf,
  manifestRequest,
  UpstreamBench,
} from '../../support/upstream/bench.ts';
import {
  DebianRegistry,
  pushImage,
  registryFolder,
  whyNoDebianRegistry,
} from '../../support/upstream/debian-registry.ts';
import type { Handler } from '../../support/upstream/fake-server.ts';
import { createTestAuthority } from '../../support/upstream/test-authority.ts';

const credentials = { username: 'acme', password: 'secret' };
/** `htpasswd -Bbn acme secret` */
const passwordLine = 'acme:$2y$05$U.oHJrzcDRqQccNkyBufWeVoXmJ2L.dJQywQsvmV4ZwmlVaQSSkku\n';
const layer = randomBytes(3 * 1024 * 1024);

describe("Debian's docker-registry as upstream", () => {
  let folder: Awaited<ReturnType<typeof registryFolder>>;
  let registry: DebianRegistry | undefined;
  let bench: UpstreamBench;
  let digests: { readonly manifest: Digest; readonly layer: Digest };

  before(async function () {
    const why = whyNoDebianRegistry();
    if (why !== undefined) {
      console.log(`skipped: ${why}`);
      this.skip();
    }
    folder = await registryFolder();
    const open = await DebianRegistry.start(folder.path);
    digests = await pushImage(open.url, { repository: 'acme/app', tag: '1', layer });
    await open.close();
  });
  after(() => folder.remove());

  beforeEach(() => {
    bench = new UpstreamBench();
  });
  afterEach(async () => {
    await bench.close();
    await registry?.close();
    registry = undefined;
  });

  async function expectWholeImage(client: UpstreamRegistry): Promise<void> {
    const head = await client.fetch(manifestRequest('acme/app:1', { method: 'HEAD' }));
    expect(head).to.include({ contentDigest: digests.manifest, contentType: ociManifest });
    const manifest = await client.fetch(manifestRequest(`acme/app@${digests.manifest}`));
    const bytes = await bodyOf(manifest);
    expect(digestOf(bytes)).to.equal(digests.manifest);
    expect(head.contentLength).to.equal(bytes.length);
    const blob = await client.fetch(blobRequest(digests.layer));
    expect(blob.totalLength).to.equal(layer.length);
    expect(digestOf(await bodyOf(blob))).to.equal(digests.layer);
    const rest = await client.fetch(blobRequest(digests.layer, { firstByte: 1_000_000 }));
    expect(rest).to.include({ status: 206, firstByte: 1_000_000, totalLength: layer.length });
    expect((await bodyOf(rest)).equals(layer.subarray(1_000_000))).to.equal(true);
    const tags = manifestRequest('acme/app:1', { resource: { kind: 'tags', query: 'n=5' } });
    const list = JSON.parse((await bodyOf(await client.fetch(tags))).toString()) as unknown;
    expect(list).to.deep.equal({ name: 'acme/app', tags: ['1'] });
  }

  async function codes(client: UpstreamRegistry): Promise<string[]> {
    const requests = [
      manifestRequest('acme/app:none'),
      manifestRequest('acme/none:1', { resource: { kind: 'tags', query: '' } }),
      blobRequest(digestOf(Buffer.from('none'))),
    ];
    const failures = requests.map((request) => failureOf(client.fetch(request)));
    return (await Promise.all(failures)).map(({ code }) => code);
  }

  const unknown = [
    'MIRRORGATE_MANIFEST_UNKNOWN',
    'MIRRORGATE_REPOSITORY_UNKNOWN',
    'MIRRORGATE_BLOB_UNKNOWN',
  ];

  it('open to all, gives a whole image, and says what it has not', async () => {
    registry = await DebianRegistry.start(folder.path);
    const client = bench.client(registry.url);
    await expectWholeImage(client);
    expect(await codes(client)).to.deep.equal(unknown);
  });

  it('behind htpasswd, gives it to who may have it alone', async () => {
    const path = join(folder.path, 'htpasswd');
    await writeFile(path, passwordLine);
    registry = await DebianRegistry.start(folder.path, { htpasswd: { realm: 'lab', path } });
    const client = bench.client(registry.url, { mirror: { credentials } });
    await expectWholeImage(client);
    expect(await codes(client)).to.deep.equal(unknown);
    for (const given of [undefined, { ...credentials, password: 'wrong' }]) {
      const denied = bench.client(registry.url, { mirror: { credentials: given } });
      const error = await failureOf(denied.fetch(manifestRequest('acme/app:1')));
      expect(error.code).to.equal('MIRRORGATE_UPSTREAM_DENIED');
    }
  });

  it('behind a token server, gives it with one token', async () => {
    const authority = createTestAuthority();
    const rootcertbundle = join(folder.path, 'token-root.pem');
    await writeFile(rootcertbundle, authority.root);
    const server = await bench.server({ handler: jwtServer(authority.issue(['token.test'])) });
    const realm = `${server.urlAt('localhost')}/token`;
    const token = { realm, service: 'lab registry', issuer: 'lab', rootcertbundle };
    registry = await DebianRegistry.start(folder.path, { token });
    const client = bench.client(registry.url, {
      mirror: { credentials, tokenHosts: ['localhost'] },
    });
    await expectWholeImage(client);
    expect(server.requests).to.have.length(1);
    const anonymous = bench.client(registry.url, { mirror: { tokenHosts: ['localhost'] } });
    const error = await failureOf(anonymous.fetch(manifestRequest('acme/app:1')));
    expect(error.code).to.equal('MIRRORGATE_UPSTREAM_DENIED');
  });
});

/** Signs what it is asked for, to whom has the password (distribution, "Token Authentication Implementation"). */
function jwtServer({ cert, key }: { readonly cert: string; readonly key: string }): Handler {
  const x5c = [new X509Certificate(cert).raw.toString('base64')];
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const basic = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64');
  return ({ request, response, url }) => {
    if (request.headers.authorization !== `Basic ${basic}`) {
      response.writeHead(401).end();
      return;
    }
    const [type = '', name = '', actions = ''] = (url.searchParams.get('scope') ?? '').split(':');
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: 'lab',
      sub: credentials.username,
      aud: url.searchParams.get('service'),
      nbf: now - 10,
      iat: now,
      exp: now + 300,
      jti: randomBytes(8).toString('hex'),
      access: [{ type, name, actions: actions.split(',') }],
    };
    const signed = `${part({ typ: 'JWT', alg: 'RS256', x5c })}.${part(claims)}`;
    const signature = sign('sha256', Buffer.from(signed), key).toString('base64url');
    response.end(JSON.stringify({ token: `${signed}.${signature}`, expires_in: 300 }));
  };
}
