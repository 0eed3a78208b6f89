/** How notices leave: to a command on its standard input, or to a web hook, as one JSON object. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { NotifyConfiguration } from '../config/configuration.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';

export interface NoticeMessage {
  readonly state: 'raised' | 'still' | 'resolved';
  readonly key: string;
  readonly summary: string;
  readonly hint: string;
  readonly since: string;
  /** For chat services, which show this and nothing else. */
  readonly text: string;
}

/** Rejects soon after `signal` is aborted. */
export type Deliver = (message: NoticeMessage, signal: AbortSignal) => Promise<void>;

const deadlineMs = 20_000;

/** Rejects where any of the configured ways did not take the message. */
export function deliverBy({ command, webhook }: NotifyConfiguration): Deliver {
  return async (message, signal) => {
    const body = `${JSON.stringify(message)}\n`;
    if (command !== undefined) await runCommand(command, body, signal);
    if (webhook !== undefined) await postTo(webhook, body, signal);
  };
}

async function runCommand(
  [file = '', ...args]: readonly string[],
  body: string,
  signal: AbortSignal,
): Promise<void> {
  const child = spawn(file, args, {
    stdio: ['pipe', 'ignore', 'ignore'],
    timeout: deadlineMs,
    killSignal: 'SIGKILL',
    signal,
  });
  // One that reads nothing closes its end early; whether it took the message is its exit's to say.
  child.stdin.on('error', () => undefined);
  child.stdin.end(body);
  const ended = once(child, 'close').catch((cause: unknown) => {
    throw undelivered(`cannot run ${file}`, cause);
  });
  const [status, killedBy] = (await ended) as [number | null, string | null];
  if (status === 0) return;
  const how = killedBy ?? (status === null ? 'nobody knows what' : `status ${status}`);
  throw undelivered(`${file} ended by ${how}`);
}

/** The address is as good as a password, and is told to nobody. */
async function postTo(webhook: string, body: string, signal: AbortSignal): Promise<void> {
  const { host } = new URL(webhook);
  let response: Response;
  try {
    response = await fetch(webhook, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]),
    });
  } catch (cause) {
    throw undelivered(`the web hook at ${host} did not answer`, cause);
  }
  await response.body?.cancel();
  if (!response.ok) throw undelivered(`the web hook at ${host} answered ${response.status}`);
}

function undelivered(message: string, cause?: unknown): MirrorgateError {
  return new MirrorgateError('MIRRORGATE_NOTIFY_DELIVERY', message, {
    ...(cause === undefined ? {} : { cause }),
    hint: 'check notify in the configuration; it is tried again',
  });
}
