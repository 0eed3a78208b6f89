/** A gate in front of a fake registry, with what a test of its life needs at hand. */
import { randomBytes } from 'node:crypto';
import type { Digest } from '../../../lib/oci/digest.ts';
import { Gate, type GateOptions, type MirrorSettings } from '../lab/gate.ts';
import { OpenParts } from '../lab/open-parts.ts';
import { FakeRegistry, type FakeRegistryOptions } from '../upstream/fake-registry.ts';
import type { Target } from './gate-client.ts';
import { memberOf, supervisorBelow } from './process-table.ts';

export const hubHost = 'hub.example.test';
export const universalHost = 'mirror.example.test';
export const repository = 'acme/app';

/** A blob that the registry holds. */
export interface Blob {
  readonly digest: Digest;
  readonly bytes: Buffer;
  /** Of its pull through the mirror `hub`. */
  readonly path: string;
}

export class Stage {
  readonly registry: FakeRegistry;
  readonly gate: Gate;
  /** Roots of the gate, PEM. */
  readonly ca: string;
  readonly #parts: OpenParts;

  private constructor(
    { registry, gate, ca }: Pick<Stage, 'registry' | 'gate' | 'ca'>,
    parts: OpenParts,
  ) {
    this.registry = registry;
    this.gate = gate;
    this.ca = ca;
    this.#parts = parts;
  }

  /** With the mirror `hub` of the registry at {@link hubHost} unless told. */
  static async start(
    options: Partial<GateOptions> = {},
    upstream: FakeRegistryOptions = {},
  ): Promise<Stage> {
    const parts = new OpenParts();
    try {
      const registry = await parts.add(FakeRegistry.start(upstream));
      const gate = await parts.add(
        Gate.start({
          mirrors: [mirrorOf(registry)],
          universalHosts: [universalHost],
          ...options,
          settings: { certificates: privateCa, ...options.settings },
        }),
      );
      return new Stage({ registry, gate, ca: await gate.bundle() }, parts);
    } catch (error) {
      await parts.close();
      throw error;
    }
  }

  /** The mirror `hub` as it is configured, with changes. */
  mirror(changes: Partial<MirrorSettings> = {}): MirrorSettings {
    return { ...mirrorOf(this.registry), ...changes };
  }

  target(host = hubHost, changes: Partial<Target> = {}): Target {
    return { port: this.gate.httpsPort, host, ca: this.ca, ...changes };
  }

  addBlob(sizeBytes: number): Blob {
    const bytes = randomBytes(sizeBytes);
    const digest = this.registry.addBlob(bytes);
    return { digest, bytes, path: `/v2/${repository}/blobs/${digest}` };
  }

  /** Process ids of the gate as it runs now. */
  async processes(): Promise<Readonly<Record<'supervisor' | 'edge' | 'worker', number>>> {
    const supervisor = await supervisorBelow(process.pid);
    const [edge, worker] = await Promise.all(
      ['edge-1', 'worker-1'].map((name) => memberOf(supervisor, name)),
    );
    if (edge === undefined || worker === undefined) throw new TypeError('a gate without processes');
    return { supervisor, edge, worker };
  }

  /** Without waiting for pulls in flight. */
  async close(): Promise<void> {
    await this.gate.kill();
    await this.#parts.close();
  }
}

/** Hosts below this can be added while the gate runs. */
export const zone = 'example.test';
const privateCa = {
  directory: 'certs',
  issuer: 'private-ca',
  privateCa: { permitted: [zone, '127.0.0.0/8'] },
};

function mirrorOf(registry: FakeRegistry): MirrorSettings {
  return { name: 'hub', registry: 'registry.test', upstream: registry.url, hosts: [hubHost] };
}
