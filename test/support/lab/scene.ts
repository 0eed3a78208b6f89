/**
 * The scene of the seed article: a build machine with a gate at 192.168.128.1, and beside it a
 * VM whose container tools know the gate's names and nothing else. Two upstream registries stand
 * on the build machine, where the VM cannot reach them.
 */
import { writeFile } from 'node:fs/promises';
import type { Digest } from '../../../lib/oci/digest.ts';
import { connect } from './cable.ts';
import { runCommand } from './command.ts';
import { DebianRegistry } from './debian-registry.ts';
import { Gate, type AccessLine } from './gate.ts';
import { ImageLayout, type StoredImage } from './image-layout.ts';
import { Namespace } from './namespace.ts';
import { OpenParts } from './open-parts.ts';
import { pushImage } from './skopeo.ts';
import { TemporaryDirectory } from './temporary-directory.ts';

/** Not loopback: dockerd verifies no certificate of a host in 127.0.0.0/8. */
export const gateAddress = '192.168.128.1';
const vmAddress = '192.168.128.11';

export const hubHost = 'hub.mirror.test';
export const ghcrHost = 'ghcr.mirror.test';
export const universalHost = 'mirror.test';
/** Serves docker.io as well, but no client in the VM was given a root for it. */
export const untrustedHost = 'untrusted.mirror.test';
export const hubPort = 5000;
export const ghcrPort = 5001;

/** How long a tag of ghcr.io is answered without asking upstream; one of docker.io for ten minutes. */
export const shortTtlMs = 1000;

export interface Publication {
  readonly upstream: 'hub' | 'ghcr';
  /** `library/small:1` */
  readonly name: string;
  readonly image: StoredImage;
  /** Rewritten as Docker's schema 2 where asked, which changes its digest. */
  readonly format?: 'oci' | 'v2s2';
}

/** What reached the gate and the upstreams while something was done. */
export interface Traffic<T> {
  readonly result: T;
  /** What the gate has logged of it by now; a line follows its answer. */
  readonly served: () => readonly AccessLine[];
  /** What the upstreams were asked: `HEAD /v2/library/small/manifests/1`. */
  readonly upstream: readonly string[];
}

export class Scene {
  readonly host: Namespace;
  readonly vm: Namespace;
  readonly hub: DebianRegistry;
  readonly ghcr: DebianRegistry;
  readonly gate: Gate;
  readonly layout: ImageLayout;
  /** PEM file of the gate's roots, for clients that take a path. */
  readonly caFile: string;
  readonly #parts: OpenParts;

  private constructor(
    parts: Pick<Scene, 'host' | 'vm' | 'hub' | 'ghcr' | 'gate' | 'layout' | 'caFile'>,
    open: OpenParts,
  ) {
    this.host = parts.host;
    this.vm = parts.vm;
    this.hub = parts.hub;
    this.ghcr = parts.ghcr;
    this.gate = parts.gate;
    this.layout = parts.layout;
    this.caFile = parts.caFile;
    this.#parts = open;
  }

  static async start(): Promise<Scene> {
    const parts = new OpenParts();
    try {
      const names = [hubHost, ghcrHost, universalHost, untrustedHost];
      const host = await parts.add(Namespace.start({ network: 'own' }));
      const vm = await parts.add(
        Namespace.start({ network: 'own', hosts: { [gateAddress]: names } }),
      );
      await connect(
        { namespace: host, addresses: [`${gateAddress}/24`] },
        { namespace: vm, addresses: [`${vmAddress}/24`] },
      );
      const hub = await parts.add(DebianRegistry.start({ place: host }));
      const ghcr = await parts.add(DebianRegistry.start({ place: host }));
      const gate = await parts.add(startGate(host, hub, ghcr));
      const layout = await parts.add(ImageLayout.create());
      const directory = await parts.add(TemporaryDirectory.create('trust'));
      const caFile = directory.join('ca.crt');
      await writeFile(caFile, await gate.bundle());
      await trustGate(vm, await gate.bundle());
      return new Scene({ host, vm, hub, ghcr, gate, layout, caFile }, parts);
    } catch (error) {
      await parts.close();
      throw error;
    }
  }

  /** Puts an image where the gate can pull it from, and returns its digest there. */
  async publish({ upstream, name, image, format = 'oci' }: Publication): Promise<Digest> {
    const { host: place, layout } = this;
    return await pushImage({ place, layout, image, format, to: `${this[upstream].host}/${name}` });
  }

  /** Does `action` and reports what it made the gate and the upstreams do. */
  async observe<T>(action: () => Promise<T>): Promise<Traffic<T>> {
    const before = await this.#requests();
    const servedBefore = this.gate.accessLog().length;
    const result = await action();
    const after = await this.#requests();
    return {
      result,
      served: () => this.gate.accessLog().slice(servedBefore),
      upstream: [
        ...after.hub.slice(before.hub.length),
        ...after.ghcr.slice(before.ghcr.length),
      ].map(({ method, path }) => `${method} ${path}`),
    };
  }

  /** What curl(1) in the VM says of `url`: the status, the headers and the body as one text. */
  async curl(url: string, ...options: string[]): Promise<string> {
    const curl = ['curl', '--silent', '--show-error', '--include', '--cacert', this.caFile];
    return (await runCommand(this.vm, [...curl, '--max-time', '20', ...options, url])).stdout;
  }

  async close(): Promise<void> {
    await this.#parts.close();
  }

  async #requests() {
    const [hub, ghcr] = await Promise.all([this.hub.requests(), this.ghcr.requests()]);
    return { hub, ghcr };
  }
}

async function startGate(
  place: Namespace,
  hub: DebianRegistry,
  ghcr: DebianRegistry,
): Promise<Gate> {
  return await Gate.start({
    place,
    address: gateAddress,
    httpsPort: 443,
    universalHosts: [universalHost, gateAddress],
    allow: ['192.168.128.0/24'],
    mirrors: [
      {
        name: 'hub',
        registry: 'docker.io',
        upstream: hub.url,
        hosts: [hubHost, untrustedHost],
        ports: [hubPort],
        tags: { ttl: '10m' },
      },
      {
        name: 'ghcr',
        registry: 'ghcr.io',
        upstream: ghcr.url,
        hosts: [ghcrHost],
        ports: [ghcrPort],
        tags: { ttl: `${shortTtlMs}ms` },
      },
    ],
  });
}

/** Gives the roots to docker and to containers/image, for the gate's hosts alone. */
async function trustGate(vm: Namespace, bundle: string): Promise<void> {
  const owned = [`${gateAddress}:${hubPort}`, `${gateAddress}:${ghcrPort}`];
  for (const host of [hubHost, ghcrHost, universalHost, ...owned]) {
    await vm.write(`/etc/docker/certs.d/${host}/ca.crt`, bundle);
    await vm.write(`/etc/containers/certs.d/${host}/ca.crt`, bundle);
  }
}
