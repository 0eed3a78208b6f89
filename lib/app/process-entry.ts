/**
 * What edge and worker processes have in common: they obey the supervisor alone, end when it is
 * gone, and leave in good order when something happens that nobody foresaw.
 */
import { createLogger, errorFields, type Logger } from '../telemetry/logger.ts';
import { errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { Failure, ProcessIdentity } from './messages.ts';

export interface ProcessEntry<Report> {
  readonly logger: Logger;
  readonly name: string;
  readonly report: (report: Report) => void;
}

export interface ProcessHandlers<Request, Report> {
  readonly onRequest: (request: Request, entry: ProcessEntry<Report>) => Promise<void>;
}

/**
 * Sets the process up. `onRequest` gets each message, one after the other.
 * SIGTERM and SIGINT reach whole process groups (Ctrl-C, systemd): the supervisor acts on them,
 * and drains its processes in the right order.
 */
export function enterProcess<Request, Report>({
  onRequest,
}: ProcessHandlers<Request, Report>): void {
  const identity = JSON.parse(process.argv[2] ?? '{}') as ProcessIdentity;
  process.title = `mirrorgate: ${identity.name}`;
  process.umask(0o077);
  const { level, format } = identity.log;
  const logger = createLogger({ level, format, process: identity.name });
  const report = (message: Report): void => {
    // A supervisor that is gone ends this process by 'disconnect'.
    if (process.connected) process.send?.(message);
  };
  const entry = { logger, name: identity.name, report };
  process.on('SIGTERM', () => undefined);
  process.on('SIGINT', () => undefined);
  process.on('SIGHUP', () => undefined);
  process.on('disconnect', () => process.exit(0));
  process.on('uncaughtException', (error) => {
    logger.error('unforeseen error, the process ends', {
      ...errorFields(error),
      stack: error.stack,
    });
    // Lets the line out; the supervisor starts a new process.
    setTimeout(() => process.exit(1), 100);
  });
  let before = Promise.resolve();
  process.on('message', (request) => {
    before = before
      .then(() => onRequest(request as Request, entry))
      .catch((error: unknown) => logger.error('request failed', errorFields(error)));
  });
}

export function failureOf(error: unknown): Failure {
  if (error instanceof MirrorgateError) {
    return { code: error.code, message: errorMessage(error), hint: error.hint };
  }
  return { code: 'MIRRORGATE_INTERNAL', message: errorMessage(error), hint: undefined };
}
