/**
 * One process of ours that is to run as long as the supervisor does: started, told what to do,
 * started again with back-off when it dies, ended on request.
 */
import { fork, type ChildProcess } from 'node:child_process';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { frugalEnvironment } from './frugal-memory.ts';
import { isLeaving, type ProcessIdentity } from './messages.ts';
import { Questions, type QuestionTable } from './questions.ts';

export interface ChildOptions<Report> {
  /** Path of the program that it runs. */
  readonly entry: string;
  readonly identity: ProcessIdentity;
  /** Of its Node, beside those of this process. */
  readonly nodeFlags?: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onReport: (report: Report) => void;
  /** It ended unasked; it is started again after `delayMs`. */
  readonly onDeath?: (delayMs: number) => void;
}

/** How a process came to its end, for the log. */
interface Death {
  readonly status?: number | undefined;
  readonly signal?: string | undefined;
  readonly error?: string | undefined;
}

const firstDelayMs = 100;
const maxDelayMs = 30_000;
/** One that lived this long was well: its next death counts as the first. */
const healthyAfterMs = 60_000;

export class Child<Request, Report, Table extends QuestionTable> {
  readonly #options: ChildOptions<Report>;
  /** Those not yet gone; all but the last have said that they leave. */
  readonly #running = new Set<ChildProcess>();
  readonly #questions: Questions;
  #process: ChildProcess | undefined;
  #startedAtMs = 0;
  #deaths = 0;
  #restart: Timer | undefined;
  #isEnding = false;
  readonly #ended = Promise.withResolvers<undefined>();

  constructor(options: ChildOptions<Report>) {
    this.#options = options;
    this.#questions = new Questions(options.clock);
  }

  get name(): string {
    return this.#options.identity.name;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  start(): void {
    const { entry, identity, clock, nodeFlags = [] } = this.#options;
    this.#startedAtMs = clock.now().getTime();
    try {
      const child = fork(entry, [JSON.stringify(identity)], {
        serialization: 'advanced',
        execArgv: [...process.execArgv, ...nodeFlags],
        // Handed on, not read: what of it is configuration has been taken by lib/config.
        env: { ...frugalEnvironment, ...process.env },
      });
      this.#watch(child);
    } catch (error) {
      // The system is out of memory or processes; it may not be for long.
      this.#lost({ error: (error as Error).message });
    }
  }

  /** Does nothing while the process is not there: it asks for everything when it starts. */
  send(request: Request): void {
    if (this.#process?.connected !== true) return;
    // A process that dies meanwhile is seen by its exit; the message is sent again to its heir.
    this.#process.send(request as object, () => undefined);
  }

  /**
   * Resolves with the process's answer to one question.
   * @throws MirrorgateError `MIRRORGATE_APP_NO_ANSWER`, or the code of the process's own failure
   */
  async ask<Name extends keyof Table & string>(
    name: Name,
    detail: Table[Name]['detail'],
    deadlineMs: number,
  ): Promise<Table[Name]['answer']> {
    return await this.#questions.ask({ name, detail, deadlineMs }, (question) => {
      if (this.#process?.connected === true) this.#process.send(question, () => undefined);
      else this.#questions.failAll();
    });
  }

  /** Asks it to end by `request`, makes it after `graceMs`; resolves when it is gone. */
  async end(request: Request, graceMs: number): Promise<void> {
    this.#isEnding = true;
    this.#restart?.cancel();
    if (this.#running.size === 0) return;
    this.send(request);
    const deadline = this.#options.clock.after(graceMs, () => {
      for (const child of this.#running) child.kill('SIGKILL');
    });
    await this.#ended.promise;
    deadline.cancel();
  }

  #watch(child: ChildProcess): void {
    this.#process = child;
    this.#running.add(child);
    child.on('message', (message) => {
      if (this.#questions.take(message)) return;
      if (!isLeaving(message)) this.#options.onReport(message as Report);
      else if (child === this.#process) this.#lost({});
    });
    child.on('error', (error) => {
      if (child.pid === undefined) this.#gone(child, { error: error.message });
      else this.#log('process trouble', { error: error.message });
    });
    child.once('exit', (status, signal) => {
      this.#gone(child, { status: status ?? undefined, signal: signal ?? undefined });
    });
  }

  #gone(child: ChildProcess, death: Death): void {
    this.#running.delete(child);
    if (child === this.#process) this.#lost(death);
    if (this.#isEnding && this.#running.size === 0) this.#ended.resolve(undefined);
  }

  /** Nobody does its work any more. */
  #lost(death: Death): void {
    this.#process = undefined;
    this.#questions.failAll();
    if (this.#isEnding) return;
    const { clock, onDeath } = this.#options;
    const lifeMs = clock.now().getTime() - this.#startedAtMs;
    this.#deaths = lifeMs > healthyAfterMs ? 1 : this.#deaths + 1;
    const delayMs = Math.min(maxDelayMs, firstDelayMs * 2 ** (this.#deaths - 1));
    this.#log('process ended, starting it again', { ...death, delayMs });
    onDeath?.(delayMs);
    this.#restart = clock.after(delayMs, () => this.start());
  }

  #log(event: string, facts: Death & { readonly delayMs?: number }): void {
    const { logger, identity } = this.#options;
    logger.error(event, { child: identity.name, ...facts });
  }
}
