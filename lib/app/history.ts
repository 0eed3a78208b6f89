/**
 * Traffic over time, minute by minute, and how it survives a restart: a file that is appended to
 * and written anew when what is old has been summed up. Losing its last line costs one minute of a
 * chart, so nothing waits for the disk.
 */
import { appendFile } from 'node:fs/promises';
import { readFileIfPresent, writeFileAtomically } from '../files/atomic-file.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import { parsePoint, pointLine, type HistoryPoint } from './history-point.ts';
import { sumTraffic, type Traffic } from './traffic.ts';

export interface HistoryOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const hourMs = 3_600_000;
/** Minutes are kept so long, then hours. */
const minutesKeptMs = 48 * hourMs;
const hoursKeptMs = 62 * 24 * hourMs;

/** Well above what both together need; then it is compacted. */
const maxPoints = 6_000;

/** More than the file can have grown to between two compactions. */
const maxFileBytes = 32 * 1024 * 1024;

export class History {
  readonly #options: HistoryOptions;
  /** In the order of time. */
  #points: HistoryPoint[] = [];
  #writing: Promise<void> = Promise.resolve();
  #isFailing = false;

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  /** Reads what there is. A file that cannot be read is left alone and told of; it is only history. */
  async open(): Promise<void> {
    const { path, logger } = this.#options;
    try {
      const bytes = await readFileIfPresent(path);
      const text = bytes?.subarray(-maxFileBytes).toString() ?? '';
      const points = text.split('\n').map(parsePoint);
      this.#points = points.filter((point) => point !== undefined).sort(byTime);
      await this.#compact();
    } catch (error) {
      logger.warn('history not read', { file: path, ...errorFields(error) });
    }
  }

  /** Adds what came in the minute that has ended. */
  add(point: HistoryPoint): void {
    this.#points.push(point);
    this.#write(async () => {
      if (this.#points.length > maxPoints) await this.#compact();
      else await appendFile(this.#options.path, `${pointLine(point)}\n`, { mode: 0o600 });
    });
  }

  /** The points after `since`, in the order of time. */
  after(since: Date): readonly HistoryPoint[] {
    return this.#points.filter(({ at }) => at > since);
  }

  /** Resolves when what was added is on the disk, or could not be put there. */
  close(): Promise<void> {
    return this.#writing;
  }

  async #compact(): Promise<void> {
    const now = this.#options.clock.now().getTime();
    const compacted = compactPoints(this.#points, {
      hoursFrom: new Date(now - hoursKeptMs),
      minutesFrom: new Date(now - minutesKeptMs),
    });
    if (compacted.length === this.#points.length) return;
    this.#points = compacted;
    await writeFileAtomically(
      this.#options.path,
      compacted.map((point) => `${pointLine(point)}\n`).join(''),
    );
  }

  /** One write after the other; the first failure in a row is told, and the next one tries again. */
  #write(work: () => Promise<void>): void {
    const { path, logger } = this.#options;
    this.#writing = this.#writing.then(async () => {
      try {
        await work();
        this.#isFailing = false;
      } catch (error) {
        if (!this.#isFailing)
          logger.warn('history not kept', { file: path, ...errorFields(error) });
        this.#isFailing = true;
      }
    });
  }
}

/** Drops what is older than `hoursFrom`, and sums up by hours what is older than `minutesFrom`. */
function compactPoints(
  points: readonly HistoryPoint[],
  { hoursFrom, minutesFrom }: { readonly hoursFrom: Date; readonly minutesFrom: Date },
): HistoryPoint[] {
  const kept = points.filter(({ at }) => at >= hoursFrom);
  const recent = kept.filter(({ at }) => at >= minutesFrom);
  const old = kept.filter(({ at }) => at < minutesFrom);
  return [...summedUp(old, hourMs), ...recent];
}

/** One point for each span of `spanMs` in which there was any. */
export function summedUp(points: readonly HistoryPoint[], spanMs: number): HistoryPoint[] {
  const spans = Map.groupBy(points, ({ at }) => Math.floor(at.getTime() / spanMs));
  return [...spans].map(([span, members]) => ({
    at: new Date(span * spanMs),
    mirrors: sumByMirror(members),
  }));
}

/** The traffic of each mirror over all of `points`. */
export function sumByMirror(points: readonly HistoryPoint[]): Map<string, Traffic> {
  const parts = Map.groupBy(
    points.flatMap(({ mirrors }) => [...mirrors]),
    ([mirror]) => mirror,
  );
  return new Map(
    [...parts].map(([mirror, entries]) => [mirror, sumTraffic(entries.map(([, part]) => part))]),
  );
}

function byTime(left: HistoryPoint, right: HistoryPoint): number {
  return left.at.getTime() - right.at.getTime();
}
