/** The command line's way to the gate that runs on a state directory. */
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { errorCode, errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { Failure } from './messages.ts';

/** Longer than an order at an ACME CA may take. */
const deadlineMs = 15 * 60_000;

/** The lock of a gate, and the way to it. */
export function controlSocketPath(stateDirectory: string): string {
  return join(stateDirectory, 'control.sock');
}

/**
 * Resolves with what the running gate answers, or with `undefined` where none runs.
 * @throws MirrorgateError `MIRRORGATE_CONTROL_UNREACHABLE`, or the code of the command's failure
 */
export async function askGate(
  { stateDirectory }: { readonly stateDirectory: string },
  command: string,
  detail?: unknown,
): Promise<{ readonly value: unknown } | undefined> {
  const socketPath = controlSocketPath(stateDirectory);
  try {
    const body = JSON.parse(await exchange(socketPath, command, detail)) as
      { readonly value?: unknown } | { readonly failure: Failure };
    if (!('failure' in body)) return { value: body.value };
    const { code, message, hint } = body.failure;
    throw new MirrorgateError(code, message, hint === undefined ? {} : { hint });
  } catch (error) {
    if (error instanceof MirrorgateError) throw error;
    if (['ENOENT', 'ECONNREFUSED'].includes(errorCode(error) ?? '')) return undefined;
    throw new MirrorgateError(
      'MIRRORGATE_CONTROL_UNREACHABLE',
      `cannot speak to the gate at ${socketPath}: ${errorMessage(error)}`,
      { cause: error, hint: 'run as the user who runs the gate' },
    );
  }
}

function exchange(socketPath: string, command: string, detail: unknown): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { socketPath, method: 'POST', path: `/${command}`, signal: AbortSignal.timeout(deadlineMs) },
      (response) => void readText(response).then(resolve, reject),
    );
    sent.on('error', reject);
    sent.end(detail === undefined ? '' : JSON.stringify(detail));
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
