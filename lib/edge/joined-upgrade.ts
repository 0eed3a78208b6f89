/**
 * A connection that became a WebSocket, and the backend's that it is joined to. Neither end
 * outlives the other, and the client gets all that the backend has said, at its own pace.
 */
import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { Pace } from './paced-response.ts';
import { PacedStream } from './paced-stream.ts';

export interface JoinOptions {
  readonly pace: Pace;
  /** How long a client that has been told the end may keep its side open. */
  readonly lingerMs: number;
  /** Told of a backend that breaks off. */
  readonly onError: (error: Error) => void;
}

/**
 * To be called before httpxy waits for the answer to `outgoing`.
 *
 * - The client ends or breaks off: the backend's connection is destroyed at once.
 * - The backend ends, or breaks off by an error: what was read of it goes out, then the client's
 *   connection is ended. From nginx and HAProxy too a client gets the last bytes and an ordinary
 *   end; that the message is torn shows in its frames. What the client still says goes nowhere,
 *   but is read: a reset in return could cost it bytes that are on their way.
 *
 * A client that takes nothing of what waits for it is `SlowReaders`' to let go; what waits is a
 * few buffers at most, so that no pace holds it up for long.
 */
export function joinUpgrade(outgoing: ClientRequest, socket: Socket, options: JoinOptions): void {
  socket.once('close', () => outgoing.destroy());
  outgoing.once('upgrade', (_answer, backend: Socket) => {
    // httpxy joins the two itself in this same event, and nothing flows before the next tick.
    process.nextTick(() => join(backend, socket, options));
  });
}

function join(backend: Socket, socket: Socket, { pace, lingerMs, onError }: JoinOptions): void {
  const paced = new PacedStream(pace);
  // httpxy's own listener would end the client's connection before the last bytes are out.
  backend.removeAllListeners('error').on('error', onError);
  backend.unpipe(socket).pipe(paced).pipe(socket);
  const endClient = (): void => {
    socket.unpipe(backend).resume();
    paced.end();
  };
  backend.once('end', endClient).once('close', endClient);
  socket.once('finish', () => {
    const linger = setTimeout(() => socket.destroy(), lingerMs);
    socket.once('close', () => clearTimeout(linger));
  });
  socket.once('close', () => {
    backend.destroy();
    paced.destroy();
  });
}
