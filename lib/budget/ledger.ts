/** What the current month has cost so far: in all, by client, by mirror and by image. */
import { periodOf, type Cycle, type Period } from './period.ts';
import { Tally, type TallyRecord } from './tally.ts';
import type { UsageDelta } from './usage.ts';

/** Plain values, as they are kept on disk. */
export interface LedgerRecord {
  /** Start of the month, in milliseconds. */
  readonly startMs: number;
  /** What the sockets counted. */
  readonly sentBytes: number;
  /** What the interface counted, where one is named. */
  readonly interfaceBytes: number;
  readonly clients: TallyRecord;
  readonly mirrors: TallyRecord;
  /** Keys are `mirror/repository`. */
  readonly images: TallyRecord;
}

const maxClients = 5_000;
const maxMirrors = 500;
const maxImages = 1_000;

export class Ledger {
  #period: Period;
  #sentBytes = 0;
  #interfaceBytes = 0;
  clients = new Tally(maxClients);
  mirrors = new Tally(maxMirrors);
  images = new Tally(maxImages);

  /** Goes on with `record` where it is of the month of `now`, else begins at nothing. */
  constructor(cycle: Cycle, now: Date, record?: LedgerRecord) {
    this.#period = periodOf(now, cycle);
    if (record === undefined || record.startMs < this.#period.start.getTime()) return;
    this.#sentBytes = record.sentBytes;
    this.#interfaceBytes = record.interfaceBytes;
    this.clients = new Tally(maxClients, record.clients);
    this.mirrors = new Tally(maxMirrors, record.mirrors);
    this.images = new Tally(maxImages, record.images);
  }

  get period(): Period {
    return this.#period;
  }

  get sentBytes(): number {
    return this.#sentBytes;
  }

  get interfaceBytes(): number {
    return this.#interfaceBytes;
  }

  add({ client, mirror, repository, bytes }: UsageDelta): void {
    this.#sentBytes += bytes;
    this.clients.add(client, bytes);
    if (mirror === undefined) return;
    this.mirrors.add(mirror, bytes);
    if (repository !== undefined) this.images.add(`${mirror}/${repository}`, bytes);
  }

  addInterface(bytes: number): void {
    this.#interfaceBytes += bytes;
  }

  /**
   * Begins a new month where the old one is over. A clock that was set back begins none.
   * Returns whether it did.
   */
  turn(cycle: Cycle, now: Date): boolean {
    if (now.getTime() < this.#period.end.getTime()) return false;
    this.#period = periodOf(now, cycle);
    this.#sentBytes = 0;
    this.#interfaceBytes = 0;
    this.clients = new Tally(maxClients);
    this.mirrors = new Tally(maxMirrors);
    this.images = new Tally(maxImages);
    return true;
  }

  record(): LedgerRecord {
    return {
      startMs: this.#period.start.getTime(),
      sentBytes: this.#sentBytes,
      interfaceBytes: this.#interfaceBytes,
      clients: this.clients.record(),
      mirrors: this.mirrors.record(),
      images: this.images.record(),
    };
  }
}
