/** What has come of one blob so far, whether it is right, and how much of it may be given out. */
import { GrowingContent } from './growing-content.ts';
import { Wakeup } from './wakeup.ts';

/** Held back from every reader until the digest is known to be right. */
export const holdbackBytes = 64 * 1024;

export class Arrival {
  readonly content: GrowingContent;
  /** Woken when more has come, and when the state changes. */
  readonly progress = new Wakeup();
  readonly #announcedBytes: number | undefined;
  #state: 'running' | 'verified' | 'failed' = 'running';
  #failure: unknown;

  /** Of `announcedBytes` as the upstream says; undefined where it does not. */
  constructor(content: GrowingContent, announcedBytes: number | undefined) {
    this.content = content;
    this.#announcedBytes = announcedBytes;
  }

  get state(): 'running' | 'verified' | 'failed' {
    return this.#state;
  }

  /** Why it failed. */
  get failure(): unknown {
    return this.#failure;
  }

  /** The blob's size: as the upstream said, else known once all of it came. */
  get sizeBytes(): number | undefined {
    return this.#state === 'verified' ? this.content.sizeBytes : this.#announcedBytes;
  }

  /** How many bytes from the first on may be given out. */
  get releasedBytes(): number {
    const received = this.content.sizeBytes;
    if (this.#state === 'verified') return received;
    const size = this.#announcedBytes ?? received;
    return Math.max(0, Math.min(received, size - holdbackBytes));
  }

  verified(): void {
    this.#become('verified');
  }

  failed(reason: unknown): void {
    this.#failure = reason;
    this.#become('failed');
  }

  #become(state: 'verified' | 'failed'): void {
    this.#state = state;
    this.progress.wake();
    this.content.written.wake();
  }
}
