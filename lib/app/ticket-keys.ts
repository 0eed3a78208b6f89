/**
 * Keys of TLS session tickets (RFC 5077 §5.5): the same for every edge, so that a client may resume
 * at any of them, in memory alone, and replaced before a stolen one could open much of the past.
 */
import { randomBytes } from 'node:crypto';
import type { Clock, Timer } from '../time/clock.ts';

const lifetimeMs = 12 * 60 * 60 * 1000;
/** Name, HMAC key and AES key, as Node takes them. */
const keyBytes = 48;

export class TicketKeys {
  readonly #clock: Clock;
  readonly #onKeys: (keys: Uint8Array) => void;
  #timer: Timer | undefined;

  constructor(clock: Clock, onKeys: (keys: Uint8Array) => void) {
    this.#clock = clock;
    this.#onKeys = onKeys;
  }

  /** Tells the first keys now, and others from time to time. */
  start(): void {
    this.#onKeys(Uint8Array.from(randomBytes(keyBytes)));
    this.#timer = this.#clock.after(lifetimeMs, () => this.start());
  }

  close(): void {
    this.#timer?.cancel();
  }
}
