/**
 * What edge and worker processes have in common: they obey the supervisor alone, end when it is
 * gone, and leave in good order when something happens that nobody foresaw.
 */
import type { Registry } from 'prom-client';
import { createLogger, errorFields, type Logger } from '../telemetry/logger.ts';
import { errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';
import { processRegistry } from '../telemetry/process-metrics.ts';
import {
  leavingReport,
  type CommonQuestions,
  type Failure,
  type ProcessIdentity,
} from './messages.ts';
import {
  answerTo,
  isQuestion,
  type Answer,
  type Answerers,
  type QuestionTable,
} from './questions.ts';

export interface ProcessEntry<Report> {
  readonly logger: Logger;
  readonly name: string;
  /** What the process counts, for whoever adds to it. */
  readonly registry: Registry;
  readonly report: (report: Report) => void;
}

export interface ProcessHandlers<Request, Report, Table extends QuestionTable> {
  /** Told when the process can be told what to do. */
  readonly started: Report;
  readonly onRequest: (request: Request, entry: ProcessEntry<Report>) => Promise<void>;
  /** Asked at any time, before the first request too; answered beside the requests. */
  readonly answers: Answerers<Omit<Table, keyof CommonQuestions>>;
  /**
   * After an unforeseen error, where the process may outlive it for a moment: takes no more work
   * before it returns, so that the heir can; resolves when what was begun has ended. Without it
   * the process is gone before its heir starts.
   */
  readonly onUnforeseen?: () => Promise<void>;
}

/** Lets the last lines of the log out. */
const exitDelayMs = 100;

/**
 * Sets the process up. `onRequest` gets each message, one after the other.
 * SIGTERM and SIGINT reach whole process groups (Ctrl-C, systemd): the supervisor acts on them,
 * and drains its processes in the right order.
 */
export function enterProcess<Request, Report, Table extends QuestionTable>(
  handlers: ProcessHandlers<Request, Report, Table>,
): void {
  const identity = JSON.parse(process.argv[2] ?? '{}') as ProcessIdentity;
  process.title = `mirrorgate: ${identity.name}`;
  process.umask(0o077);
  const { level, format } = identity.log;
  const logger = createLogger({ level, format, process: identity.name });
  const report = (message: Report | Answer | typeof leavingReport): void => {
    // A supervisor that is gone, or goes just now, ends this process by 'disconnect'.
    if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
  };
  const registry = processRegistry(identity.name);
  const entry = { logger, name: identity.name, registry, report };
  const instance = `${process.pid}-${Date.now()}`;
  const answers = {
    ...handlers.answers,
    metrics: async () => ({ instance, metrics: await registry.getMetricsAsJSON() }),
  };
  process.on('SIGTERM', () => undefined);
  process.on('SIGINT', () => undefined);
  process.on('SIGHUP', () => undefined);
  process.on('disconnect', () => process.exit(0));
  let isLeaving = false;
  process.on('uncaughtException', (error) => {
    logger.error('unforeseen error, the process ends', {
      ...errorFields(error),
      stack: error.stack,
    });
    if (isLeaving) return;
    isLeaving = true;
    void leave(handlers.onUnforeseen, () => report(leavingReport));
  });
  let before = Promise.resolve();
  process.on('message', (request) => {
    if (isQuestion(request)) {
      void answerTo(request, answers, failureOfAnswer).then(report);
      return;
    }
    before = before
      .then(() => handlers.onRequest(request as Request, entry))
      .catch((error: unknown) => logger.error('request failed', errorFields(error)));
  });
  report(handlers.started);
}

async function leave(
  onUnforeseen: (() => Promise<void>) | undefined,
  announce: () => void,
): Promise<void> {
  try {
    const ended = onUnforeseen?.();
    if (ended !== undefined) announce();
    await ended;
  } finally {
    setTimeout(() => process.exit(1), exitDelayMs);
  }
}

/** `fallback` tells what was tried, of an error that does not tell by itself. */
export function failureOf(error: unknown, fallback: Failure): Failure {
  if (error instanceof MirrorgateError) {
    return { code: error.code, message: errorMessage(error), hint: error.hint };
  }
  return { ...fallback, message: `${fallback.message}: ${errorMessage(error)}` };
}

function failureOfAnswer(error: unknown): Failure {
  const message = 'the question was not answered';
  return failureOf(error, { code: 'MIRRORGATE_APP_NO_ANSWER', message, hint: undefined });
}
