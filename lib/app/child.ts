/**
 * One process of ours that is to run as long as the supervisor does: started, told what to do,
 * started again with back-off when it dies, ended on request.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { extname, join } from 'node:path';
import type { Logger } from '../telemetry/logger.ts';
import type { ProcessIdentity } from './messages.ts';

export interface ChildOptions<Report> {
  /** File name of its entry beside this one, without extension. */
  readonly entry: 'edge-process' | 'worker-process';
  readonly identity: ProcessIdentity;
  readonly logger: Logger;
  readonly onReport: (report: Report) => void;
  /** It ended unasked; it is started again after `delayMs`. */
  readonly onDeath?: (delayMs: number) => void;
}

const firstDelayMs = 100;
const maxDelayMs = 30_000;
/** One that lived this long was well: its next death counts as the first. */
const healthyAfterMs = 60_000;

export class Child<Request, Report> {
  readonly #options: ChildOptions<Report>;
  #process: ChildProcess | undefined;
  #startedAt = 0;
  #deaths = 0;
  #restart: NodeJS.Timeout | undefined;
  #isEnding = false;
  #ended = Promise.withResolvers<undefined>();

  constructor(options: ChildOptions<Report>) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  start(): void {
    const { entry, identity, onReport } = this.#options;
    const path = join(import.meta.dirname, `${entry}${extname(import.meta.filename)}`);
    this.#startedAt = Date.now();
    const child = fork(path, [JSON.stringify(identity)], { serialization: 'advanced' });
    this.#process = child;
    child.on('message', (report) => onReport(report as Report));
    child.on('error', (error) => {
      this.#options.logger.error('process trouble', { child: identity.name, error: error.message });
    });
    child.once('exit', (status, signal) => this.#exited(status, signal));
  }

  /** Does nothing while the process is not there: it asks for everything when it starts. */
  send(request: Request): void {
    if (this.#process?.connected !== true) return;
    // A process that dies meanwhile is seen by its exit; the message is sent again to its heir.
    this.#process.send(request as object, () => undefined);
  }

  /** Asks it to end by `request`, makes it after `graceMs`; resolves when it is gone. */
  async end(request: Request, graceMs: number): Promise<void> {
    this.#isEnding = true;
    clearTimeout(this.#restart);
    const child = this.#process;
    if (child === undefined) return;
    this.send(request);
    const deadline = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await this.#ended.promise;
    clearTimeout(deadline);
  }

  #exited(status: number | null, signal: string | null): void {
    this.#process = undefined;
    if (this.#isEnding) {
      this.#ended.resolve(undefined);
      return;
    }
    this.#deaths = Date.now() - this.#startedAt > healthyAfterMs ? 1 : this.#deaths + 1;
    const delayMs = Math.min(maxDelayMs, firstDelayMs * 2 ** (this.#deaths - 1));
    const { logger, identity, onDeath } = this.#options;
    logger.error('process ended, starting it again', {
      child: identity.name,
      status: status ?? undefined,
      signal: signal ?? undefined,
      delayMs,
    });
    onDeath?.(delayMs);
    this.#restart = setTimeout(() => this.start(), delayMs);
  }
}
