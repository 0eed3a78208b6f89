/** A client that says exactly the bytes it is told, over TLS or in clear, and keeps the answer. */
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { poll } from '../lab/polling.ts';
import { benchRootPem } from './edge-bench.ts';
import { universalHost } from './test-settings.ts';

export interface WireOptions {
  readonly port: number;
  /** The server's address, 127.0.0.1 unless told. */
  readonly address?: string;
  /** The client's own address. */
  readonly from?: string;
  /** The client's own port. */
  readonly fromPort?: number;
  /** Keeps the client's side open when the server closes its own. */
  readonly staysOpen?: boolean;
  /** The universal host unless told; empty for none. */
  readonly serverName?: string;
  readonly tls?: ConnectionOptions;
}

export class WireClient {
  readonly socket: Socket;
  /** Under the TLS of `socket`, if it has any. */
  readonly #connection: Socket;
  readonly #chunks: Buffer[] = [];
  #isClosed = false;
  #error: Error | undefined;

  private constructor(socket: Socket, connection: Socket = socket) {
    this.socket = socket;
    this.#connection = connection;
    socket.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    socket.on('error', (error) => (this.#error = error));
    socket.on('close', () => (this.#isClosed = true));
  }

  /** In clear; resolves when the connection stands. */
  static async tcp(options: WireOptions): Promise<WireClient> {
    const { port, address = '127.0.0.1', from, fromPort } = options;
    const socket = connectTcp({
      port,
      host: address,
      allowHalfOpen: options.staysOpen ?? false,
      ...(from === undefined ? {} : { localAddress: from }),
      ...(fromPort === undefined ? {} : { localPort: fromPort }),
    });
    const client = new WireClient(socket);
    await once(socket, 'connect');
    return client;
  }

  /** Rejects where the handshake fails. */
  static async tls(options: WireOptions): Promise<WireClient> {
    const { socket: connection } = await WireClient.tcp(options);
    const socket = connectTls({
      socket: connection,
      servername: options.serverName ?? universalHost,
      ca: benchRootPem,
      ...options.tls,
    });
    const client = new WireClient(socket, connection);
    const closed = once(socket, 'close').then(() => {
      throw client.error ?? new TypeError('closed before the handshake was done');
    });
    await Promise.race([once(socket, 'secureConnect'), closed]);
    // It is of no interest from here on.
    closed.catch(() => undefined);
    return client;
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** What ended the connection, where it was not a clean end. */
  get error(): Error | undefined {
    return this.#error;
  }

  send(bytes: string | Buffer): this {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    return this;
  }

  /** Resolves with everything received, when the server has closed. */
  async closed(deadlineMs = 5_000): Promise<string> {
    await poll(() => (this.#isClosed ? true : undefined), {
      deadlineMs,
      what: 'end of connection',
    });
    return this.received.toString('latin1');
  }

  /** Resolves when what was received matches; rejects where the connection ends before. */
  async until(pattern: RegExp, deadlineMs = 5_000): Promise<string> {
    return await poll(
      () => {
        const text = this.received.toString('latin1');
        if (pattern.test(text)) return text;
        if (this.#isClosed) throw new Error(`closed without ${pattern.source}: ${text}`);
        return undefined;
      },
      { deadlineMs, what: `${pattern.source} from the server` },
    );
  }

  /** Leaves as a client does whose process was killed. */
  reset(): void {
    this.#connection.resetAndDestroy();
  }

  close(): void {
    this.socket.destroy();
  }
}
