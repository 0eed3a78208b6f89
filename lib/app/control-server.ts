/**
 * What a running gate does on an operator's word: `POST /<command>` with a JSON detail, over the
 * 0600 socket that is its lock. Only this user reaches it; there is no further credential.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';

/** Each takes what a command line named, checked by itself, and returns what JSON can tell. */
export type ControlCommands = Readonly<Record<string, (detail: unknown) => Promise<unknown>>>;

const maxDetailBytes = 64 * 1024;

/** A server that answers `commands` and listens nowhere yet. */
export function controlServer(commands: ControlCommands): Server {
  const server = createServer((request, response) => void answer(request, response, commands));
  server.on('clientError', (_error, socket) => socket.destroy());
  return server;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  commands: ControlCommands,
): Promise<void> {
  response.on('error', () => response.destroy());
  response.setHeader('connection', 'close');
  try {
    const name = request.url?.slice(1) ?? '';
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (request.method !== 'POST' || command === undefined) throw unknownCommand(name);
    const value = await command(await readDetail(request));
    send(response, 200, { value });
  } catch (error) {
    const code = error instanceof MirrorgateError ? error.code : 'MIRRORGATE_CONTROL_FAILED';
    const hint = error instanceof MirrorgateError ? error.hint : undefined;
    send(response, 500, { failure: { code, message: errorMessage(error), hint } });
  }
}

async function readDetail(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request) {
    sizeBytes += (chunk as Buffer).length;
    if (sizeBytes > maxDetailBytes) throw tooLong();
    chunks.push(chunk as Buffer);
  }
  return sizeBytes === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString());
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function unknownCommand(name: string): MirrorgateError {
  return new MirrorgateError(
    'MIRRORGATE_CONTROL_UNKNOWN',
    `the running gate does not know the command "${name.slice(0, 64)}"`,
    { hint: 'it is of another version than this program: restart it' },
  );
}

function tooLong(): MirrorgateError {
  return new MirrorgateError(
    'MIRRORGATE_CONTROL_DETAIL_ARGUMENT',
    `a command takes no more than ${maxDetailBytes} bytes`,
  );
}
