/**
 * What every container client can rely on behind the gate: the suite that each client runs, from
 * a VM that verifies TLS against the gate's own root and cannot reach any upstream itself.
 */
import { expect } from 'chai';
import { tryDigest, type Digest } from '../../lib/oci/digest.ts';
import { failureOf } from '../support/lab/command.ts';
import type { AccessLine } from '../support/lab/gate.ts';
import { requireParts, type LabPart } from '../support/lab/lab-availability.ts';
import { OpenParts } from '../support/lab/open-parts.ts';
import { poll } from '../support/lab/polling.ts';
import { hubHost, Scene, shortTtlMs, untrustedHost } from '../support/lab/scene.ts';

/** A client in the VM of a scene, set up for the mirrors of docker.io and ghcr.io. */
export interface PullClient {
  /** Pulls `reference` and returns the digest that its tag stood for. */
  pull(reference: string): Promise<Digest>;
  /** The marker in what was pulled as `reference`, as this machine's platform sees it. */
  marker(reference: string): Promise<string>;
  /** Forgets what was pulled as `reference`, so that the next pull asks for all of it. */
  remove(reference: string): Promise<void>;
  close(): Promise<void>;
}

export interface PullSuite {
  readonly name: string;
  readonly needs: readonly LabPart[];
  readonly start: (scene: Scene) => Promise<PullClient>;
}

/** A failure later than this is one that a build would notice as a hang. */
const quickMs = 10_000;

export function describePulls({ name, needs, start }: PullSuite): void {
  describe(`${name} behind the gate`, function () {
    this.timeout(60_000);
    const parts = new OpenParts();
    let scene: Scene;
    let client: PullClient;

    before(async function () {
      await requireParts(this, 'namespaces', 'docker-registry', 'skopeo', 'gate', ...needs);
      scene = await parts.add(Scene.start());
      client = await parts.add(start(scene));
    });

    after(async () => {
      await parts.close();
    });

    it('pulls an image that is what was pushed upstream', async () => {
      const image = await scene.layout.addBusybox('plain', `${name} plain`);
      await scene.publish({ upstream: 'hub', name: 'library/plain:1', image });

      expect(await client.pull('docker.io/library/plain:1')).to.equal(image.digest);
      expect(await client.marker('docker.io/library/plain:1')).to.equal(`${name} plain`);
    });

    it('pulls an image in the format of Docker', async () => {
      const image = await scene.layout.addBusybox('docker', `${name} docker`);
      const publication = { upstream: 'hub', name: 'library/docker:1', image } as const;
      const digest = await scene.publish({ ...publication, format: 'v2s2' });

      expect(await client.pull('docker.io/library/docker:1')).to.equal(digest);
      expect(await client.marker('docker.io/library/docker:1')).to.equal(`${name} docker`);
    });

    it('pulls its own platform out of a multi-architecture index', async () => {
      const index = await scene.layout.addMultiArchitecture('multi', name);
      await scene.publish({ upstream: 'hub', name: 'library/multi:1', image: index });

      expect(await client.pull('docker.io/library/multi:1')).to.equal(index.digest);
      expect(await client.marker('docker.io/library/multi:1')).to.equal(`${name} amd64`);
    });

    it('asks upstream once for each document and layer of a cold pull', async () => {
      const image = await scene.layout.addRandom('cold', {
        ...{ seed: `${name} cold`, layers: 3, layerSizeBytes: 300_000 },
      });
      await scene.publish({ upstream: 'hub', name: 'library/cold:1', image });

      const { upstream } = await scene.observe(() => client.pull('docker.io/library/cold:1'));

      const blobs = image.blobs.map((digest) => `GET /v2/library/cold/blobs/${digest}`);
      expect(upstream.filter((line) => line.includes('/blobs/'))).to.have.members(blobs);
      expect(
        upstream.filter((line) => line.startsWith('GET /v2/library/cold/manifests/')),
      ).to.have.length(1);
    });

    it('makes no upstream request for a second pull within the ttl of the tag', async () => {
      const image = await scene.layout.addBusybox('warm', `${name} warm`);
      await scene.publish({ upstream: 'hub', name: 'library/warm:1', image });
      await client.pull('docker.io/library/warm:1');
      await client.remove('docker.io/library/warm:1');

      const second = await scene.observe(() => client.pull('docker.io/library/warm:1'));

      expect(second.result).to.equal(image.digest);
      expect(second.upstream).to.deep.equal([]);
      await scene.gate.waitForLog('layer in the access log', () =>
        second.served().find(isBlobAnswer),
      );
      expect(second.served().filter(askedUpstream)).to.deep.equal([]);
    });

    it('makes one HEAD for a second pull after the ttl of the tag', async () => {
      const image = await scene.layout.addBusybox('expired', `${name} expired`);
      await scene.publish({ upstream: 'ghcr', name: 'acme/expired:1', image });
      await client.pull('ghcr.io/acme/expired:1');
      await client.remove('ghcr.io/acme/expired:1');
      await pass(shortTtlMs);

      const second = await scene.observe(() => client.pull('ghcr.io/acme/expired:1'));

      expect(second.result).to.equal(image.digest);
      expect(second.upstream).to.deep.equal(['HEAD /v2/acme/expired/manifests/1']);
    });

    it('sees that a tag was moved upstream once its ttl is over', async () => {
      const before = await scene.layout.addBusybox('before', `${name} before`);
      const after = await scene.layout.addBusybox('after', `${name} after`);
      await scene.publish({ upstream: 'ghcr', name: 'acme/moved:1', image: before });
      expect(await client.pull('ghcr.io/acme/moved:1')).to.equal(before.digest);
      await scene.publish({ upstream: 'ghcr', name: 'acme/moved:1', image: after });
      await pass(shortTtlMs);

      expect(await client.pull('ghcr.io/acme/moved:1')).to.equal(after.digest);
      expect(await client.marker('ghcr.io/acme/moved:1')).to.equal(`${name} after`);
    });

    it('refuses a gate whose root it was not given', async () => {
      const image = await scene.layout.addBusybox('untrusted', `${name} untrusted`);
      await scene.publish({ upstream: 'hub', name: 'library/untrusted:1', image });

      const { message } = await failureOf(client.pull(`${untrustedHost}/library/untrusted:1`));

      expect(message).to.contain('x509: certificate signed by unknown authority');
    });

    describe('while the upstreams are down', () => {
      beforeEach(async () => {
        // Of two contents: a client that has a manifest from one registry does not ask the other.
        const ofHub = await scene.layout.addBusybox('cached', `${name} cached`);
        const ofGhcr = await scene.layout.addBusybox('cached-too', `${name} cached too`);
        await scene.publish({ upstream: 'hub', name: 'library/cached:1', image: ofHub });
        await scene.publish({ upstream: 'ghcr', name: 'acme/cached:1', image: ofGhcr });
        for (const reference of ['docker.io/library/cached:1', 'ghcr.io/acme/cached:1']) {
          await client.pull(reference);
          await client.remove(reference);
        }
        await scene.hub.stop();
        await scene.ghcr.stop();
      });

      afterEach(async () => {
        await scene.hub.resume();
        await scene.ghcr.resume();
      });

      it('pulls what is cached', async () => {
        await client.pull('docker.io/library/cached:1');

        expect(await client.marker('docker.io/library/cached:1')).to.equal(`${name} cached`);
      });

      it('pulls what is cached after the ttl of its tag', async () => {
        await pass(shortTtlMs);
        await client.pull('ghcr.io/acme/cached:1');

        expect(await client.marker('ghcr.io/acme/cached:1')).to.equal(`${name} cached too`);
      });

      it('says quickly that what is not cached is unavailable', async () => {
        const start = Date.now();
        const { message } = await failureOf(client.pull(`${hubHost}/library/never-pulled:1`));

        expect(message).to.match(/503|Service Unavailable|UNAVAILABLE/i);
        expect(Date.now() - start).to.be.below(quickMs);
      });
    });
  });
}

/** Waits until `durationMs` are over. */
async function pass(durationMs: number): Promise<void> {
  const end = Date.now() + durationMs;
  const isOver = (): true | undefined => (Date.now() > end ? true : undefined);
  await poll(isOver, { deadlineMs: durationMs + 1000, what: 'end of the ttl' });
}

function askedUpstream({ upstreamRequests = 0 }: AccessLine): boolean {
  return upstreamRequests > 0;
}

function isBlobAnswer({ method, status, reference }: AccessLine): boolean {
  return method === 'GET' && status === 200 && tryDigest(reference ?? '') !== undefined;
}
