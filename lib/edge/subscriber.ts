/** One of several who are told of the same exchange: what it wants of it, and its way out. */
import type { Dispatcher } from 'undici';

export class Subscriber implements Dispatcher.DispatchController {
  readonly handler: Dispatcher.DispatchHandler;
  readonly #onChange: (subscriber: Subscriber) => void;
  #paused = false;
  #reason: Error | null = null;

  constructor(handler: Dispatcher.DispatchHandler, onChange: (subscriber: Subscriber) => void) {
    this.handler = handler;
    this.#onChange = onChange;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get aborted(): boolean {
    return this.#reason !== null;
  }

  get reason(): Error | null {
    return this.#reason;
  }

  pause(): void {
    this.#paused = true;
    this.#onChange(this);
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#onChange(this);
  }

  /** It is told nothing more but this. Idempotent. */
  abort(reason: Error): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.#onChange(this);
    this.handler.onResponseError?.(this, reason);
  }
}
