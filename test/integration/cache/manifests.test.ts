import { expect } from 'chai';
import { ociIndex, ociManifest } from '../../../lib/oci/media-types.ts';
import { CacheLab, type LabAnswer } from '../../support/cache-lab.ts';
import { until } from '../../support/until.ts';

const repository = 'library/app';
const path = `/v2/${repository}/manifests/1.0`;
const ttlMs = 60_000;

/** An image manifest that differs by `note`. */
function image(note: string): object {
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: '', size: 0 };
  return { schemaVersion: 2, mediaType: ociManifest, config, layers: [], annotations: { note } };
}

describe('manifests through a worker', () => {
  let lab: CacheLab;

  beforeEach(async () => {
    lab = await CacheLab.start();
  });

  afterEach(() => lab.close());

  it('fetches a cold tag in one request, byte for byte', async () => {
    const body = JSON.stringify(image('spaces   kept'), undefined, 3);
    const digest = lab.registry.addManifest({ repository, tag: '1.0', body });
    const answer = await lab.get(path);
    expect(answer.body.toString()).to.equal(body);
    expect(answer.headers).to.include({
      'content-type': ociManifest,
      'docker-content-digest': digest,
      'cache-status': 'mirrorgate; fwd=miss; stored',
      age: '0',
    });
    expect(asked(lab)).to.deep.equal(['GET']);
  });

  it('asks nothing within the ttl and one HEAD after it', async () => {
    lab.registry.addManifest({ repository, tag: '1.0', body: image('a') });
    await lab.get(path);
    await lab.clock.advance(ttlMs - 1);
    const fresh = await lab.get(path);
    expect(fresh.headers['cache-status']).to.equal('mirrorgate; hit');
    expect(fresh.headers.age).to.equal('59');
    await lab.clock.advance(1);
    const again = await lab.get(path);
    expect(again.headers['cache-status']).to.equal('mirrorgate; fwd=stale; detail=revalidated');
    expect(asked(lab)).to.deep.equal(['GET', 'HEAD']);
  });

  it('asks once for a herd that finds the tag out of date', async () => {
    lab.registry.addManifest({ repository, tag: '1.0', body: image('a') });
    await lab.get(path);
    await lab.clock.advance(ttlMs);
    await Promise.all(Array.from({ length: 50 }, () => lab.get(path)));
    expect(asked(lab)).to.deep.equal(['GET', 'HEAD']);
  });

  it('follows a tag that moved, by HEAD and then by digest', async () => {
    lab.registry.addManifest({ repository, tag: '1.0', body: image('old') });
    await lab.get(path);
    const moved = lab.registry.addManifest({ repository, tag: '1.0', body: image('new') });
    await lab.clock.advance(ttlMs);
    const answer = await lab.get(path);
    expect(answer.headers['docker-content-digest']).to.equal(moved);
    expect(lab.registry.requests.map(({ method, target }) => `${method} ${target}`)).to.deep.equal([
      `GET ${path}`,
      `HEAD ${path}`,
      `GET /v2/${repository}/manifests/${moved}`,
    ]);
  });

  it('answers a HEAD, then the GET by digest that follows, with one request each', async () => {
    const digest = lab.registry.addManifest({ repository, tag: '1.0', body: image('a') });
    const head = await lab.head(path);
    expect(head.headers['docker-content-digest']).to.equal(digest);
    expect(Number(head.headers['content-length'])).to.be.greaterThan(0);
    await lab.get(`/v2/${repository}/manifests/${digest}`);
    await lab.head(path);
    await lab.get(path);
    expect(asked(lab)).to.deep.equal(['HEAD', 'GET']);
  });

  it('never asks again for a digest, nor for an immutable tag', async () => {
    await lab.close();
    const tags = { ttlMs, staleIfErrorMs: 0, immutable: ['v*.*.*'] };
    lab = await CacheLab.start({ mirror: { tags } });
    const digest = lab.registry.addManifest({ repository, tag: 'v1.2.3', body: image('a') });
    await lab.get(`/v2/${repository}/manifests/v1.2.3`);
    await lab.clock.advance(3_600_000);
    await lab.get(`/v2/${repository}/manifests/v1.2.3`);
    await lab.get(`/v2/${repository}/manifests/${digest}`);
    expect(asked(lab)).to.deep.equal(['GET']);
  });

  it('keeps tags and manifests over a restart', async () => {
    lab.registry.addManifest({ repository, tag: '1.0', body: image('a') });
    await lab.get(path);
    await lab.restart();
    const answer = await lab.get(path);
    expect(answer.headers['cache-status']).to.equal('mirrorgate; hit');
    expect(asked(lab)).to.deep.equal(['GET']);
  });

  for (const fault of [
    { kind: 'status', status: 503 },
    { kind: 'status', status: 429 },
    { kind: 'reset' },
  ] as const) {
    it(`serves a stale tag, and says so, while the upstream answers ${JSON.stringify(fault)}`, async () => {
      lab.registry.addManifest({ repository, tag: '1.0', body: image('a') });
      await lab.get(path);
      await lab.clock.advance(2 * ttlMs);
      lab.registry.setFault('manifest', fault);
      const answer = await lab.get(path);
      expect(answer.status).to.equal(200);
      expect(answer.headers['cache-status']).to.equal('mirrorgate; hit; detail=stale');
      expect(answer.headers.warning).to.match(/^299 - "stale: [^"]+"$/);
      expect(answer.headers.age).to.equal('120');
    });
  }

  for (const status of [401, 403, 404]) {
    it(`does not hide a ${status} of the upstream behind what it has`, async () => {
      lab.registry.addManifest({ repository, tag: '1.0', body: image('a') });
      await lab.get(path);
      await lab.clock.advance(ttlMs);
      lab.registry.setFault('manifest', { kind: 'status', status });
      const answer = await lab.get(path);
      expect(answer.status).to.equal(status === 404 ? 404 : 403);
    });
  }

  it('serves a known tag after 3 seconds where the upstream accepts and stays silent', async () => {
    lab.registry.addManifest({ repository, tag: '1.0', body: image('a') });
    await lab.get(path);
    await lab.clock.advance(ttlMs);
    lab.registry.setFault('manifest', { kind: 'silent' });
    const pending = lab.get(path);
    await until('the upstream to be asked', () => asked(lab).length === 2);
    await lab.clock.advance(3_000);
    const answer = await pending;
    expect(answer.headers['cache-status']).to.equal('mirrorgate; hit; detail=stale');
  });

  it('keeps the last pulls of the quota while what it has can stand in', async () => {
    await lab.close();
    lab = await CacheLab.start({
      mirror: { reserve: 10 },
      wrap: (registry) => (exchange) => {
        exchange.response.setHeader('ratelimit-limit', '100;w=21600');
        exchange.response.setHeader('ratelimit-remaining', '10;w=21600');
        return registry(exchange);
      },
    });
    const old = lab.registry.addManifest({ repository, tag: '1.0', body: image('old') });
    await lab.get(path);
    lab.registry.addManifest({ repository, tag: '1.0', body: image('new') });
    await lab.clock.advance(ttlMs);
    const answer = await lab.get(path);
    expect(answer.headers['docker-content-digest']).to.equal(old);
    expect(answer.headers.warning).to.match(/quota/);
    expect(lab.registry.count('manifest', 'GET')).to.equal(1);
  });

  it('gives a stale tag up after staleIfError', async () => {
    lab.registry.addManifest({ repository, tag: '1.0', body: image('a') });
    await lab.get(path);
    lab.clock.jump(ttlMs + 7 * 86_400_000 + 1);
    lab.registry.setFault('manifest', { kind: 'status', status: 500 });
    expect((await lab.get(path)).status).to.equal(503);
  });

  it('keeps serving the old manifest while the new one of a moved tag cannot be had', async () => {
    await lab.close();
    let isLimited = false;
    lab = await CacheLab.start({
      wrap: (registry) => (exchange) => {
        if (!isLimited || exchange.request.method === 'HEAD') return registry(exchange);
        exchange.response.writeHead(429).end();
        return undefined;
      },
    });
    const old = lab.registry.addManifest({ repository, tag: '1.0', body: image('old') });
    await lab.get(path);
    const moved = lab.registry.addManifest({ repository, tag: '1.0', body: image('new') });
    await lab.clock.advance(ttlMs);
    isLimited = true;
    const limited = await lab.get(path);
    expect(limited.headers['docker-content-digest']).to.equal(old);
    expect(limited.headers['cache-status']).to.equal('mirrorgate; hit; detail=stale');
    isLimited = false;
    await lab.clock.advance(10_000);
    expect((await lab.get(path)).headers['docker-content-digest']).to.equal(moved);
  });

  const poisons: [string, { body: string; mediaType: string }][] = [
    ['is not JSON', { body: 'layers', mediaType: ociManifest }],
    ['is an array', { body: '[]', mediaType: ociManifest }],
    [
      'is image and index at once',
      { body: JSON.stringify({ manifests: [], layers: [] }), mediaType: ociIndex },
    ],
    [
      'names another media type than its header',
      { body: JSON.stringify({ mediaType: ociIndex, manifests: [] }), mediaType: ociManifest },
    ],
    [
      'is an index by header and an image by content',
      {
        body: JSON.stringify({ config: {}, layers: [] }),
        mediaType: ociIndex,
      },
    ],
  ];
  for (const [what, manifest] of poisons) {
    it(`refuses with 502, and keeps nothing of, a manifest that ${what}`, async () => {
      lab.registry.addManifest({ repository, tag: '1.0', ...manifest });
      expect((await lab.get(path)).status).to.equal(502);
      expect((await lab.get(path)).status).to.equal(502);
      expect(lab.registry.count('manifest', 'GET')).to.equal(2);
    });
  }

  it('refuses a manifest whose bytes are not those of the digest asked for', async () => {
    const digest = lab.registry.addManifest({ repository, body: image('a') });
    const wrong = Buffer.from(JSON.stringify(image('b')));
    lab.registry.setFault('manifest', { kind: 'replace', bytes: wrong });
    expect((await lab.get(`/v2/${repository}/manifests/${digest}`)).status).to.equal(502);
  });

  it('refuses a manifest that the upstream announces under another digest', async () => {
    lab.registry.addManifest({ repository, tag: '1.0', body: image('a') });
    lab.registry.setFault('manifest', { kind: 'wrong-digest-header' });
    expect((await lab.get(path)).status).to.equal(502);
  });

  it('refuses a manifest of more than 4 MiB', async () => {
    const body = JSON.stringify(image('x'.repeat(5 * 1024 * 1024)));
    lab.registry.addManifest({ repository, tag: '1.0', body });
    expect((await lab.get(path)).status).to.equal(502);
  });

  it('lists tags page by page, with the spec parameters alone', async () => {
    lab.registry.addManifest({ repository, tag: 'a', body: image('a') });
    lab.registry.addManifest({ repository, tag: 'b', body: image('b') });
    const answer = await lab.get(`/v2/${repository}/tags/list?n=5&evil=1&last=0`);
    expect(tagsOf(answer)).to.include.members(['a', 'b']);
    expect(lab.registry.requests[0]?.target).to.equal(`/v2/${repository}/tags/list?n=5&last=0`);
    expect((await lab.get(`/v2/${repository}/tags/list?n=-1`)).status).to.equal(400);
    expect((await lab.get(`/v2/${repository}/tags/list?n=1e18`)).status).to.equal(400);
  });

  it('passes referrers on', async () => {
    const subject = lab.registry.addManifest({ repository, body: image('subject') });
    lab.registry.addManifest({ repository, body: image('signature'), subject });
    const answer = await lab.get(`/v2/${repository}/referrers/${subject}`);
    expect(answer.status).to.equal(200);
    expect(answer.headers['content-type']).to.equal(ociIndex);
  });

  it('answers 503 within seconds where the upstream is gone and nothing is held', async () => {
    await lab.registry.close();
    const answer = await lab.get(path);
    expect(answer.status).to.equal(503);
    expect(answer.headers['retry-after']).to.match(/^\d+$/);
    await until('a line in the log', () =>
      lab.log.entries.some(({ event }) => event === 'pull failed'),
    );
  });
});

function asked(lab: CacheLab): string[] {
  return lab.registry.requests.map(({ method }) => method);
}

function tagsOf({ body }: LabAnswer): string[] {
  return (JSON.parse(body.toString()) as { tags: string[] }).tags;
}
