/** The mirrors a worker serves, each with its upstream client; replaced whole on a reload. */
import { isDeepStrictEqual } from 'node:util';
import type { CachedMirror } from '../cache/cached-mirror.ts';
import type { Mirror } from '../config/configuration.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { globMatcher } from '../oci/glob.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import { UpstreamRegistry } from '../upstream/registry.ts';

export interface MirrorSetOptions {
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Member {
  readonly mirror: Mirror;
  readonly cached: CachedMirror;
  readonly registry: UpstreamRegistry;
}

export class MirrorSet {
  readonly #options: MirrorSetOptions;
  #members = new Map<string, Member>();

  constructor(options: MirrorSetOptions) {
    this.#options = options;
  }

  /** Keeps the upstream clients of mirrors that did not change, with their tokens and connections. */
  async configure(mirrors: readonly Mirror[]): Promise<void> {
    const before = this.#members;
    this.#members = new Map(
      mirrors.map((mirror) => {
        const known = before.get(mirror.name);
        const kept = known !== undefined && isDeepStrictEqual(known.mirror, mirror);
        return [mirror.name, kept ? known : this.#member(mirror)];
      }),
    );
    const kept = new Set(this.#members.values());
    const gone = [...before.values()].filter((member) => !kept.has(member));
    await Promise.all(gone.map(({ registry }) => registry.close()));
  }

  /** @throws MirrorgateError `MIRRORGATE_MIRROR_UNKNOWN` */
  get(name: string): CachedMirror {
    const member = this.#members.get(name);
    if (member !== undefined) return member.cached;
    throw new MirrorgateError('MIRRORGATE_MIRROR_UNKNOWN', `there is no mirror "${name}"`);
  }

  async close(): Promise<void> {
    await this.configure([]);
  }

  #member(mirror: Mirror): Member {
    const registry = new UpstreamRegistry({ mirror, ...this.#options });
    const { name, tags } = mirror;
    const { ttlMs, staleIfErrorMs } = tags;
    const isImmutable = globMatcher(tags.immutable);
    return {
      mirror,
      registry,
      cached: { name, ttlMs, staleIfErrorMs, isImmutable, upstream: registry },
    };
  }
}
