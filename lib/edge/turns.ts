/**
 * One request of a connection at a time. A client may send the next before it has its answer
 * (RFC 9112 §9.3.2): that one waits, so that no connection costs more than one request, so that
 * nobody writes into an answer, and so that nothing is done about what follows the last one.
 */
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

interface Turn {
  readonly response: ServerResponse;
  readonly begin: () => void;
}

interface Queue {
  /** The first is the one that is being answered. */
  readonly turns: Turn[];
  begun: number;
  /** The last answer has been given. */
  isOver: boolean;
}

export class Turns {
  readonly #maxTurns: number;
  readonly #queues = new WeakMap<Duplex, Queue>();

  /** A connection ends with the answer to its request of number `maxTurns`. */
  constructor(maxTurns: number) {
    this.#maxTurns = maxTurns;
  }

  /**
   * Calls `turn.begin` once every earlier answer is through; never where the connection ends before,
   * or where one of them was to be its last (`shouldKeepAlive` is false).
   */
  take(connection: Duplex, turn: Turn): void {
    const queue = this.#queues.get(connection) ?? { turns: [], begun: 0, isOver: false };
    this.#queues.set(connection, queue);
    if (queue.turns.push(turn) === 1) this.#begin(connection, queue);
  }

  /** The answer that is being given on `connection`. */
  current(connection: Duplex): ServerResponse | undefined {
    return this.#queues.get(connection)?.turns[0]?.response;
  }

  #begin(connection: Duplex, queue: Queue): void {
    const [turn] = queue.turns;
    if (turn === undefined || queue.isOver || connection.destroyed) return;
    const { response } = turn;
    queue.begun += 1;
    // Node's own limit tells the client, and leaves it to the client to close.
    if (queue.begun >= this.#maxTurns) response.shouldKeepAlive = false;
    response.on('close', () => {
      queue.isOver = !response.shouldKeepAlive;
      queue.turns.shift();
      this.#begin(connection, queue);
    });
    turn.begin();
  }
}
