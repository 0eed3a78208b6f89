/**
 * Tells an operator what goes wrong: once when it begins, again while it lasts, once when it is
 * over. What was told survives a restart; what could not be told is tried again, ever more rarely.
 */
import { readFileIfPresent, writeFileAtomically } from '../files/atomic-file.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { Notice } from './notice.ts';
import type { Deliver, NoticeMessage } from './notice-delivery.ts';

export interface NotifierOptions {
  /** Where it keeps what it has told. */
  readonly path: string;
  /** What there is to tell now. */
  readonly look: () => Promise<readonly Notice[]>;
  /** Undefined where nobody wants to be told. */
  readonly deliver: () => Deliver | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A trouble that was seen, and how far its telling has come. */
interface Told extends Notice {
  readonly sinceMs: number;
  /** Undefined until somebody took it. */
  toldAtMs?: number | undefined;
  /** Since when it is over. */
  overAtMs?: number | undefined;
  attempts: number;
  nextAttemptAtMs: number;
}

const lookIntervalMs = 60_000;
/** A gate that does not live for a minute has something to tell too. */
const firstLookMs = 5_000;
const repeatAfterMs = 24 * 3_600_000;
const firstRetryMs = 60_000;
const maxRetryMs = 3_600_000;

/** Whatever happens, nobody is sent more than this in an hour. */
const maxDeliveriesPerHour = 20;
const maxRemembered = 500;

/** What is being told at the end gets no longer. */
const closeGraceMs = 2_000;

export class Notifier {
  readonly #options: NotifierOptions;
  readonly #told = new Map<string, Told>();
  #deliveredAtMs: number[] = [];
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  readonly #aborted = new AbortController();
  #isClosed = false;

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /** Takes up what was told before. A file that cannot be read begins anew. */
  async start(): Promise<void> {
    const { path, logger } = this.#options;
    try {
      const text = (await readFileIfPresent(path))?.toString() ?? '[]';
      for (const told of JSON.parse(text) as Told[]) this.#told.set(told.key, told);
    } catch (error) {
      logger.warn('what was notified before is not known', { file: path, ...errorFields(error) });
    }
    this.#plan(firstLookMs);
  }

  /** Looks once, and tells what there is to tell. */
  async check(): Promise<void> {
    const { look, deliver, clock } = this.#options;
    const send = deliver();
    if (send === undefined) return;
    const nowMs = clock.now().getTime();
    const changed = this.#compare(await look(), nowMs);
    let delivered = false;
    for (const told of this.#told.values()) {
      if (this.#isClosed) break;
      if (this.#isDue(told, nowMs)) delivered = (await this.#tell(told, send, nowMs)) || delivered;
    }
    if (changed || delivered) await this.#keep();
  }

  /** Begins to tell nothing more; what is not told by then is told after the next start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    const grace = this.#options.clock.after(closeGraceMs, () => this.#aborted.abort());
    await this.#running;
    grace.cancel();
  }

  #plan(delayMs = lookIntervalMs): void {
    const { clock, logger } = this.#options;
    if (this.#isClosed) return;
    this.#timer = clock.after(delayMs, () => {
      this.#running = this.check()
        .catch((error: unknown) => logger.warn('not notified', errorFields(error)))
        .finally(() => this.#plan());
    });
  }

  /** Whether anything began or ended. */
  #compare(notices: readonly Notice[], nowMs: number): boolean {
    let changed = false;
    const current = new Set(notices.map(({ key }) => key));
    for (const notice of notices.slice(0, maxRemembered)) {
      const known = this.#told.get(notice.key);
      if (known !== undefined && known.overAtMs === undefined) continue;
      const fresh = { sinceMs: nowMs, attempts: 0, nextAttemptAtMs: nowMs };
      this.#told.set(notice.key, { ...notice, ...fresh });
      changed = true;
    }
    for (const told of this.#told.values()) {
      if (current.has(told.key) || told.overAtMs !== undefined) continue;
      changed = true;
      // Over before anybody heard of it: nobody needs to.
      if (told.toldAtMs === undefined) this.#told.delete(told.key);
      else Object.assign(told, { overAtMs: nowMs, attempts: 0, nextAttemptAtMs: nowMs });
    }
    return changed;
  }

  #isDue({ toldAtMs, overAtMs, nextAttemptAtMs }: Told, nowMs: number): boolean {
    if (nowMs < nextAttemptAtMs) return false;
    return toldAtMs === undefined || overAtMs !== undefined || nowMs - toldAtMs >= repeatAfterMs;
  }

  /** Whether it was taken. */
  async #tell(told: Told, send: Deliver, nowMs: number): Promise<boolean> {
    this.#deliveredAtMs = this.#deliveredAtMs.filter((atMs) => nowMs - atMs < 3_600_000);
    if (this.#deliveredAtMs.length >= maxDeliveriesPerHour) return false;
    this.#deliveredAtMs.push(nowMs);
    try {
      await send(messageOf(told), this.#aborted.signal);
      if (told.overAtMs === undefined) Object.assign(told, { toldAtMs: nowMs, attempts: 0 });
      else this.#told.delete(told.key);
      return true;
    } catch (error) {
      told.attempts += 1;
      told.nextAttemptAtMs = nowMs + Math.min(maxRetryMs, firstRetryMs * 2 ** (told.attempts - 1));
      this.#options.logger.warn('not notified', { notice: told.key, ...errorFields(error) });
      return false;
    }
  }

  async #keep(): Promise<void> {
    const { path, logger } = this.#options;
    try {
      await writeFileAtomically(path, JSON.stringify([...this.#told.values()]));
    } catch (error) {
      logger.warn('what was notified is not kept', { file: path, ...errorFields(error) });
    }
  }
}

function messageOf({ key, summary, hint, sinceMs, toldAtMs, overAtMs }: Told): NoticeMessage {
  const state = overAtMs !== undefined ? 'resolved' : toldAtMs === undefined ? 'raised' : 'still';
  const text = `mirrorgate: ${state === 'raised' ? '' : `${state}: `}${summary}; ${hint}`;
  return { state, key, summary, hint, since: new Date(sinceMs).toISOString(), text };
}
