/** Connections of an edge with sockets that are none: addresses that no test machine has can connect. */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { standardLimits } from '../../../lib/config/limits-schema.ts';
import { Connections } from '../../../lib/edge/connections.ts';
import type { Peer } from '../../../lib/edge/peer.ts';
import { limitsOf, type Limits } from '../../../lib/edge/limits.ts';
import { Traffic } from '../../../lib/edge/traffic.ts';
import { ManualClock } from '../manual-clock.ts';
import { recordedLog } from '../recorded-log.ts';
import { testStart } from '../test-certificates.ts';

/** As much of a socket as is looked at. */
export class FakeSocket extends EventEmitter {
  readonly remoteAddress: string | undefined;
  readonly bytesWritten = 0;
  destroyed = false;

  constructor(remoteAddress: string | undefined) {
    super();
    this.remoteAddress = remoteAddress;
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit('close');
  }
}

export interface FakeConnection {
  readonly socket: FakeSocket;
  readonly peer: Peer | undefined;
}

export class ConnectionsBench {
  readonly clock = new ManualClock(testStart);
  readonly log = recordedLog();
  readonly connections: Connections;

  constructor(changed: Partial<Limits> = {}) {
    this.connections = new Connections({
      clock: this.clock,
      logger: this.log,
      limits: { ...limitsOf(standardLimits), ...changed },
      traffic: new Traffic({ clock: new ManualClock(testStart), onReport: () => undefined }),
    });
  }

  connect(address: string | undefined): FakeConnection {
    const socket = new FakeSocket(address);
    return { socket, peer: this.connections.accept(socket as unknown as Socket) };
  }

  /** Whether a connection from `address` is let in, and stays open. */
  isIn(address: string | undefined): boolean {
    const { socket, peer } = this.connect(address);
    return peer !== undefined && !socket.destroyed;
  }

  /** How often the log has `event`. */
  countOf(event: string): number {
    return this.log.entries.filter((entry) => entry.event === event).length;
  }
}
