/**
 * What the budget lets a client pull. While it refuses, the blobs of manifests that were given out
 * before go on for a time: podman, skopeo and buildah have no way back to the upstream once they
 * have a manifest from here.
 */
import { LRUCache } from 'lru-cache';
import { noOrders, type BudgetOrders, type GivenManifest } from '../budget/usage.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { Clock } from '../time/clock.ts';

export interface WantedPull {
  readonly client: string;
  readonly mirror: string;
  readonly repository: string;
  readonly isBlob: boolean;
}

/** The budget is spent; the client does best to ask the upstream itself. */
export class BudgetSpentError extends MirrorgateError {
  readonly retryAfterSeconds: number;

  constructor(message: string, retryAfterSeconds: number) {
    super('MIRRORGATE_BUDGET_SPENT', message);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

const maxGiven = 10_000;

/** Manifests that another edge gave out just before are not known here yet. */
const settleMs = 5_000;

/** A client that is given manifest after manifest is noted no more often. */
const coarsenessMs = 1_000;

/** The month may be long, and the operator may raise the budget before its end. */
const maxRetryAfterSeconds = 3_600;

type Given = Omit<GivenManifest, 'atMs'>;

export class Allowance {
  readonly #clock: Clock;
  readonly #given = new LRUCache<string, GivenManifest>({ max: maxGiven });
  #unreported = new Map<string, GivenManifest>();
  #orders: BudgetOrders = noOrders;
  #changedAtMs = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  setOrders(orders: BudgetOrders): void {
    if (orders.mode !== this.#orders.mode) this.#changedAtMs = this.#nowMs;
    this.#orders = orders;
    for (const given of orders.given) this.#remember(given);
  }

  /** Whether only what is in the cache may be given. @throws BudgetSpentError */
  judgePull(wanted: WantedPull): { readonly onlyCached: boolean } {
    const { mode, spentClients } = this.#orders;
    const isSpent = spentClients.has(wanted.client);
    if ((mode === 'open' && !isSpent) || (wanted.isBlob && this.#goesOn(wanted))) {
      return { onlyCached: false };
    }
    this.assertOpen(wanted.client);
    return { onlyCached: mode === 'hits-only' };
  }

  /** For what no cache stands behind. @throws BudgetSpentError */
  assertOpen(client: string): void {
    const { mode, spentClients } = this.#orders;
    if (spentClients.has(client)) throw this.#spent(`the monthly quota of ${client} is spent`);
    if (mode === 'refuse') throw this.#spent('the bandwidth budget of this month is spent');
  }

  /** The client has got a manifest, and will want its blobs. */
  noteManifest(given: Given): void {
    const atMs = this.#nowMs;
    const key = keyOf(given);
    const known = this.#unreported.get(key);
    if (known !== undefined && atMs - known.atMs < coarsenessMs) return;
    const noted = { ...given, atMs };
    this.#remember(noted);
    if (this.#unreported.size < maxGiven) this.#unreported.set(key, noted);
  }

  /** Given out since the last time. */
  takeGiven(): GivenManifest[] {
    const given = [...this.#unreported.values()];
    this.#unreported = new Map();
    return given;
  }

  #goesOn(wanted: WantedPull): boolean {
    const { graceMs } = this.#orders;
    if (this.#nowMs - this.#changedAtMs < Math.min(settleMs, graceMs)) return true;
    const given = this.#given.get(keyOf(wanted));
    return given !== undefined && this.#nowMs - given.atMs < graceMs;
  }

  #remember(given: GivenManifest): void {
    const known = this.#given.get(keyOf(given));
    if (known === undefined || known.atMs < given.atMs) this.#given.set(keyOf(given), given);
  }

  #spent(message: string): BudgetSpentError {
    const leftSeconds = Math.ceil((this.#orders.resetAtMs - this.#nowMs) / 1000);
    return new BudgetSpentError(message, Math.min(maxRetryAfterSeconds, Math.max(1, leftSeconds)));
  }

  get #nowMs(): number {
    return this.#clock.now().getTime();
  }
}

function keyOf({ client, mirror, repository }: Given): string {
  return `${client} ${mirror}/${repository}`;
}
