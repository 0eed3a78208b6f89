/**
 * Counts what goes out on each connection: bytes on the wire, TLS and handshake included, as the
 * system's socket counts them. Nothing is done per write; the counters are read when what a
 * connection carries changes, when it closes, and when a report is due.
 */
import type { Socket } from 'node:net';
import type { UsageDelta } from '../budget/usage.ts';

/** What a connection is being used for. */
export interface Purpose {
  readonly mirror: string | undefined;
  readonly repository: string | undefined;
}

/** Of one connection. */
export interface Meter {
  /** From now on its bytes count for this. */
  attribute(purpose: Purpose): void;
  /** The same connection, whose bytes count for another client from now on. */
  of(client: string): Meter;
}

interface Reading extends Purpose {
  readonly client: string;
  bytes: number;
}

const nothing: Purpose = { mirror: undefined, repository: undefined };

/** More kinds of traffic than this between two reports are counted without their repository. */
const maxReadings = 10_000;

export class Meters {
  readonly #live = new Set<SocketMeter>();
  readonly #readings = new Map<string, Reading>();

  /** To be followed by `leave` when the connection has closed. */
  watch(socket: Socket, client: string): { meter: Meter; leave: () => void } {
    const meter = new SocketMeter(socket, client, (reading) => this.#count(reading));
    this.#live.add(meter);
    const leave = (): void => {
      meter.read();
      this.#live.delete(meter);
    };
    return { meter, leave };
  }

  /** What went out since the last time. */
  take(): UsageDelta[] {
    for (const meter of this.#live) meter.read();
    const deltas = [...this.#readings.values()];
    this.#readings.clear();
    return deltas;
  }

  #count({ client, mirror, repository: named, bytes }: Reading): void {
    const repository = this.#readings.size < maxReadings ? named : undefined;
    const key = `${client} ${mirror ?? ''} ${repository ?? ''}`;
    const reading = this.#readings.get(key);
    if (reading === undefined) this.#readings.set(key, { client, mirror, repository, bytes });
    else reading.bytes += bytes;
  }
}

class SocketMeter implements Meter {
  readonly #socket: Socket;
  readonly #owner: string;
  readonly #count: (reading: Reading) => void;
  #client: string;
  #purpose: Purpose = nothing;
  #readBytes = 0;

  constructor(socket: Socket, owner: string, count: (reading: Reading) => void) {
    this.#socket = socket;
    this.#owner = owner;
    this.#client = owner;
    this.#count = count;
  }

  attribute(purpose: Purpose): void {
    this.#attribute(this.#owner, purpose);
  }

  of(client: string): Meter {
    this.#attribute(client, nothing);
    return {
      attribute: (purpose) => this.#attribute(client, purpose),
      of: (other) => this.of(other),
    };
  }

  read(): void {
    const bytes = this.#socket.bytesWritten;
    if (bytes === this.#readBytes) return;
    const { mirror, repository } = this.#purpose;
    this.#count({ client: this.#client, mirror, repository, bytes: bytes - this.#readBytes });
    this.#readBytes = bytes;
  }

  #attribute(client: string, purpose: Purpose): void {
    const { mirror, repository } = this.#purpose;
    const isSame = purpose.mirror === mirror && purpose.repository === repository;
    if (isSame && client === this.#client) return;
    this.read();
    this.#client = client;
    this.#purpose = purpose;
  }
}
