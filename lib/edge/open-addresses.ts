/** The addresses that an edge listens on: opened, kept and left as its settings change. */
import type { TcpEndpoint } from '../net/endpoint.ts';
import { wantedAddresses, type Address, type BoundAddress } from './addresses.ts';
import { HttpsListener } from './https-listener.ts';
import { createListener, type Listener, type ListenerContext } from './listener.ts';
import type { EdgeSettings } from './settings.ts';

/** An address that could not be listened on. */
export interface ListenFailure {
  readonly endpoint: TcpEndpoint;
  readonly error: Error;
}

interface OpenAddress extends Address {
  readonly port: number;
  readonly listener: Listener;
}

const idleSweepMs = 200;

export class OpenAddresses {
  readonly #context: Omit<ListenerContext, 'sharesPort'>;
  #open: readonly OpenAddress[] = [];
  /** Closed listeners, until their last connection is gone. */
  readonly #leaving = new Map<Listener, Promise<void>>();

  constructor(context: Omit<ListenerContext, 'sharesPort'>) {
    this.#context = context;
  }

  /** With the ports actually bound. */
  get bound(): readonly BoundAddress[] {
    return this.#open.map(({ endpoint, role, port }) => ({
      endpoint,
      port,
      secure: role !== undefined,
      mirror: role?.mirror,
    }));
  }

  /** New handshakes get what the contexts hold now. */
  refresh(): void {
    for (const { listener } of this.#open) {
      if (listener instanceof HttpsListener) listener.refresh();
    }
  }

  /** Opens what is new and leaves what is gone, without cutting its connections. */
  async follow(settings: EdgeSettings): Promise<ListenFailure[]> {
    const wanted = wantedAddresses(settings);
    const kept = this.#keep(wanted);
    const failures: ListenFailure[] = [];
    for (const address of wanted) {
      if (kept.some(({ key }) => key === address.key)) continue;
      const context = { ...this.#context, sharesPort: settings.sharesPorts };
      const listener = createListener(address, context);
      try {
        kept.push({ ...address, listener, port: await listener.listen() });
      } catch (error) {
        failures.push({ endpoint: address.endpoint, error: error as Error });
      }
    }
    this.#open = kept;
    return failures;
  }

  /** Accepts nothing new. Resolves when the last connection is gone; busy ones are not cut. */
  async close(): Promise<void> {
    for (const { listener } of this.#open) this.#retire(listener);
    const sweep = setInterval(() => {
      for (const listener of this.#leaving.keys()) listener.closeIdleConnections();
    }, idleSweepMs);
    await Promise.all(this.#leaving.values());
    clearInterval(sweep);
  }

  #keep(wanted: readonly Address[]): OpenAddress[] {
    const kept: OpenAddress[] = [];
    for (const open of this.#open) {
      const address = wanted.find(({ key }) => key === open.key);
      if (address === undefined) {
        this.#retire(open.listener);
        continue;
      }
      if (open.listener instanceof HttpsListener && address.role !== undefined) {
        open.listener.setRole(address.role);
      }
      kept.push({ ...open, ...address });
    }
    return kept;
  }

  #retire(listener: Listener): void {
    const closed = listener.close().finally(() => this.#leaving.delete(listener));
    this.#leaving.set(listener, closed);
  }
}
