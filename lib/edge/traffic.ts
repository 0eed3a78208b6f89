/**
 * What this edge sends to whom: counted, paced and judged by the orders of the budget. Reports go
 * out about once a second; nothing here waits for an answer.
 */
import type { Socket } from 'node:net';
import { noOrders, type BudgetOrders, type UsageReport } from '../budget/usage.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { Allowance } from './allowance.ts';
import { ClientPaces } from './client-paces.ts';
import { Meters, type Meter } from './meters.ts';
import type { Pace } from './paced-response.ts';

export interface TrafficOptions {
  readonly clock: Clock;
  readonly onReport: (report: UsageReport) => void;
}

/** One connection's part in it. */
export interface Passage {
  readonly meter: Meter;
  readonly pace: Pace;
}

const reportIntervalMs = 1_000;

/** A client that comes or goes changes the other edges' parts of its rate. */
const openReportDelayMs = 50;

export class Traffic {
  readonly allowance: Allowance;
  readonly #options: TrafficOptions;
  readonly #meters = new Meters();
  readonly #paces = new ClientPaces();
  readonly #open = new Map<string, number>();
  #orders: BudgetOrders = noOrders;
  #timer: Timer;
  #openTimer: Timer | undefined;
  #isOpenChanged = false;

  constructor(options: TrafficOptions) {
    this.#options = options;
    this.allowance = new Allowance(options.clock);
    this.#timer = this.#keepReporting();
  }

  setOrders(orders: BudgetOrders): void {
    const sharedBefore = this.#sharesRates;
    this.#orders = orders;
    this.allowance.setOrders(orders);
    this.#paces.setRates(orders);
    if (!sharedBefore) this.#tellOpen();
  }

  /** Begins to count a connection of `client`. */
  enter(socket: Socket, client: string): Passage {
    this.#changeOpen(client, 1);
    const { meter, leave } = this.#meters.watch(socket, client);
    socket.once('close', () => {
      leave();
      this.#changeOpen(client, -1);
    });
    return { meter, pace: this.#paces.paceOf(client) };
  }

  /**
   * Counts what goes out on a connection for `client` from now on, at its pace, until `leave` or the
   * connection's own meter is told of something else.
   */
  enterAs(client: string, connection: Passage): { passage: Passage; leave: () => void } {
    this.#changeOpen(client, 1);
    const passage = { meter: connection.meter.of(client), pace: this.#paces.paceOf(client) };
    return { passage, leave: () => this.#changeOpen(client, -1) };
  }

  /** Reports what is not yet reported, and no more after it. */
  close(): void {
    this.#timer.cancel();
    this.#openTimer?.cancel();
    this.#report();
  }

  get #sharesRates(): boolean {
    return this.#orders.standardShare < 1 && this.#orders.clientBytesPerSecond !== undefined;
  }

  #changeOpen(client: string, by: 1 | -1): void {
    const count = (this.#open.get(client) ?? 0) + by;
    if (count === 0) this.#open.delete(client);
    else this.#open.set(client, count);
    this.#tellOpen();
  }

  #tellOpen(): void {
    if (!this.#sharesRates) return;
    this.#isOpenChanged = true;
    this.#openTimer ??= this.#options.clock.after(openReportDelayMs, () => {
      this.#openTimer = undefined;
      this.#report();
    });
  }

  #keepReporting(): Timer {
    return this.#options.clock.after(reportIntervalMs, () => {
      this.#paces.sweep();
      this.#report();
      this.#timer = this.#keepReporting();
    });
  }

  #report(): void {
    const deltas = this.#meters.take();
    const given = this.allowance.takeGiven();
    const open = this.#isOpenChanged ? [...this.#open] : undefined;
    this.#isOpenChanged = false;
    if (deltas.length > 0 || given.length > 0 || open !== undefined) {
      this.#options.onReport({ deltas, given, open });
    }
  }
}
