/** A long-running process of the lab: its output is kept, its end is certain. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { errorMessage, MirrorgateError } from '../../../lib/errors/mirrorgate-error.ts';
import type { Place } from './place.ts';
import { poll } from './polling.ts';

export interface DaemonOptions {
  readonly name: string;
  readonly place: Place;
  readonly command: readonly string[];
  /** Added to the environment of the place. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface DaemonExit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How many lines of output an error shows. */
const shownLines = 40;

export class Daemon {
  readonly name: string;
  readonly stdout: string[] = [];
  readonly stderr: string[] = [];
  readonly #place: Place;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  constructor({ name, place, command, environment }: DaemonOptions) {
    this.name = name;
    this.#place = place;
    const [file = '', ...rest] = place.commandLine(command);
    const child = spawn(file, rest, {
      env: { ...place.environment, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    keepLines(child.stdout, this.stdout);
    keepLines(child.stderr, this.stderr);
    child.on('error', (error) => this.stderr.push(error.message));
    this.#ended = once(child, 'close').then(
      () => undefined,
      () => undefined,
    );
  }

  /** The process that was started; where its place has a parent, that parent. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** How it ended, or undefined while it runs. */
  get exit(): DaemonExit | undefined {
    const { exitCode, signalCode, pid } = this.#child;
    const running = pid !== undefined && exitCode === null && signalCode === null;
    return running ? undefined : { exitCode, signal: signalCode };
  }

  /**
   * Asks `probe` until it gives a result.
   * @throws MirrorgateError `MIRRORGATE_LAB_DAEMON` with the output, where the process ends or the deadline passes first
   */
  async waitFor<T>(
    what: string,
    probe: () => Promise<T | undefined> | T | undefined,
    deadlineMs = 20_000,
  ): Promise<T> {
    const guarded = async (): Promise<T | undefined> => {
      const result = await probe();
      if (result === undefined && this.exit !== undefined) {
        throw new TypeError(`it ended before ${what}`);
      }
      return result;
    };
    return await poll(guarded, { deadlineMs, what }).catch((error: unknown) => {
      throw this.#failure(errorMessage(error));
    });
  }

  /** Sends `signal` to the process itself, also where it runs below a waiting parent. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    const leader = await this.#leader();
    if (leader === undefined) return;
    trySignal(leader, signal);
    // nsenter(1) stops itself when its child is stopped, and would not see the child's end.
    const wakes = signal === 'SIGCONT' || signal === 'SIGKILL';
    if (wakes && this.pid !== undefined) trySignal(this.pid, 'SIGCONT');
  }

  /** Ends it: SIGTERM, then SIGKILL once `graceMs` have passed. Idempotent. */
  async stop(graceMs = 5000): Promise<DaemonExit> {
    await this.signal('SIGTERM');
    const late = setTimeout(() => void this.signal('SIGKILL'), graceMs);
    await this.#ended;
    clearTimeout(late);
    return this.exit ?? { exitCode: null, signal: null };
  }

  /** Ends it at once by SIGKILL. Idempotent. */
  async kill(): Promise<void> {
    await this.signal('SIGKILL');
    await this.#ended;
  }

  async #leader(): Promise<number | undefined> {
    const { pid } = this.#child;
    if (pid === undefined || this.exit !== undefined) return undefined;
    if (!this.#place.hasParent) return pid;
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
    const [first] = children.split(' ');
    return first === undefined || first === '' ? pid : Number(first);
  }

  #failure(reason: string): MirrorgateError {
    const output = [...this.stdout.slice(-shownLines), ...this.stderr.slice(-shownLines)];
    return new MirrorgateError(
      'MIRRORGATE_LAB_DAEMON',
      `${this.name}: ${reason}\n${output.join('\n')}`.trimEnd(),
    );
  }
}

function keepLines(stream: Readable, lines: string[]): void {
  createInterface({ input: stream }).on('line', (line) => lines.push(line));
}

function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone in between: what the signal was for has happened.
  }
}
