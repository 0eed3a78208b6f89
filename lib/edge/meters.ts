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
}

interface Reading extends Purpose {
  readonly client: string;
  bytes: number;
}

/** More kinds of traffic than this between two reports are counted without their repository. */
const maxReadings = 10_000;

export class Meters {
  readonly #live = new Set<SocketMeter>();
  readonly #readings = new Map<string, Reading>();

  watch(socket: Socket, client: string): Meter {
    const meter = new SocketMeter(socket, (purpose, bytes) => this.#count(client, purpose, bytes));
    this.#live.add(meter);
    socket.once('close', () => {
      meter.read();
      this.#live.delete(meter);
    });
    return meter;
  }

  /** What went out since the last time. */
  take(): UsageDelta[] {
    for (const meter of this.#live) meter.read();
    const deltas = [...this.#readings.values()];
    this.#readings.clear();
    return deltas;
  }

  #count(client: string, purpose: Purpose, bytes: number): void {
    const { mirror } = purpose;
    const repository = this.#readings.size < maxReadings ? purpose.repository : undefined;
    const key = `${client} ${mirror ?? ''} ${repository ?? ''}`;
    const reading = this.#readings.get(key);
    if (reading === undefined) this.#readings.set(key, { client, mirror, repository, bytes });
    else reading.bytes += bytes;
  }
}

class SocketMeter implements Meter {
  readonly #socket: Socket;
  readonly #count: (purpose: Purpose, bytes: number) => void;
  #purpose: Purpose = { mirror: undefined, repository: undefined };
  #readBytes = 0;

  constructor(socket: Socket, count: (purpose: Purpose, bytes: number) => void) {
    this.#socket = socket;
    this.#count = count;
  }

  attribute(purpose: Purpose): void {
    this.read();
    this.#purpose = purpose;
  }

  read(): void {
    const bytes = this.#socket.bytesWritten;
    if (bytes === this.#readBytes) return;
    this.#count(this.#purpose, bytes - this.#readBytes);
    this.#readBytes = bytes;
  }
}
