/** The mirrors a worker serves, each with its upstream client; replaced whole on a reload. */
import { isDeepStrictEqual } from 'node:util';
import type { CachedMirror } from '../cache/cached-mirror.ts';
import type { Mirror } from '../config/configuration.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { globMatcher } from '../oci/glob.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import type { UpstreamObserver } from '../upstream/observer.ts';
import type { UpstreamPace } from '../upstream/transport.ts';
import { UpstreamSet } from '../upstream/upstream-set.ts';
import type { UpstreamState } from '../upstream/upstream-state.ts';

export interface MirrorSetOptions {
  /** Shown to upstreams. */
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer?: UpstreamObserver;
  readonly pace?: UpstreamPace;
}

interface Member {
  readonly mirror: Mirror;
  readonly cached: CachedMirror;
  readonly upstreams: UpstreamSet;
}

export class MirrorSet {
  readonly #options: MirrorSetOptions;
  #members = new Map<string, Member>();

  constructor(options: MirrorSetOptions) {
    this.#options = options;
  }

  /**
   * Keeps the upstream clients of mirrors that did not change, with their tokens and connections.
   * One that is replaced is not closed: whoever was given it may be about to ask, or to resume a
   * transfer, and a reload cuts nobody. It ends with its last user; its idle connections time out.
   */
  configure(mirrors: readonly Mirror[]): void {
    const before = this.#members;
    this.#members = new Map(
      mirrors.map((mirror) => {
        const known = before.get(mirror.name);
        const kept = known !== undefined && isDeepStrictEqual(known.mirror, mirror);
        return [mirror.name, kept ? known : this.#member(mirror)];
      }),
    );
  }

  /** @throws MirrorgateError `MIRRORGATE_MIRROR_UNKNOWN` */
  get(name: string): CachedMirror {
    const member = this.#members.get(name);
    if (member !== undefined) return member.cached;
    throw new MirrorgateError('MIRRORGATE_MIRROR_UNKNOWN', `there is no mirror "${name}"`);
  }

  /** What `status` shows of the upstreams, by mirror. */
  states(): ReadonlyMap<string, readonly UpstreamState[]> {
    return new Map([...this.#members].map(([name, { upstreams }]) => [name, upstreams.states()]));
  }

  /** Ends every transfer. */
  async close(): Promise<void> {
    const members = [...this.#members.values()];
    this.#members.clear();
    await Promise.all(members.map(({ upstreams }) => upstreams.close()));
  }

  #member(mirror: Mirror): Member {
    const upstreams = new UpstreamSet({ mirror, ...this.#options });
    const { name, tags, parallel } = mirror;
    const { ttlMs, staleIfErrorMs } = tags;
    const isImmutable = globMatcher(tags.immutable);
    return {
      mirror,
      upstreams,
      cached: { name, ttlMs, staleIfErrorMs, isImmutable, parallel, upstream: upstreams },
    };
  }
}
