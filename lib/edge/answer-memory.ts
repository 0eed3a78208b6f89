/**
 * Manifests that a worker said may be given again without asking it (`Cache-Control`, RFC 9111
 * §5.2.2.1, which goes no further than here). So a fleet that pulls one tag costs the worker one
 * request while the tag is fresh. Who may have an answer is judged before it is looked for.
 */
import { LRUCache } from 'lru-cache';
import type { AnswerKeeper } from './forward-request.ts';
import type { WorkerHeaders } from './sent-answer.ts';

export interface AnswerMemoryOptions {
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs?: () => number;
  readonly maxBytes?: number;
}

/** An answer as it can be given now. */
export interface RememberedAnswer {
  /** Names and values by turns, for `writeHead`; `Age` and `Cache-Status` are not among them. */
  readonly headers: readonly string[];
  /** Of a manifest by tag: seconds since the upstream last confirmed it. */
  readonly ageSeconds: number | undefined;
  /** Bytes as characters (latin1); undefined where only a HEAD has been answered. */
  readonly body: string | undefined;
}

interface Kept extends Omit<RememberedAnswer, 'ageSeconds'> {
  readonly ageSeconds: number | undefined;
  readonly keptAtMs: number;
  readonly freshForMs: number;
}

const defaultMaxBytes = 16 * 1024 * 1024;

/** A larger one is not worth its room: the worker gives it. */
const maxBodyBytes = 256 * 1024;

/** What is immutable is asked for anew as well: rights at the upstream may have ended. */
const maxFreshSeconds = 3_600;

/** Those that say the same for every client. */
const keptHeaders = ['content-length', 'content-type', 'docker-content-digest', 'etag'] as const;

export class AnswerMemory {
  readonly #nowMs: () => number;
  readonly #answers: LRUCache<string, Kept>;
  /** What was on its way when everything was forgotten is not kept. */
  #generation = 0;

  constructor({ nowMs = () => performance.now(), maxBytes }: AnswerMemoryOptions = {}) {
    this.#nowMs = nowMs;
    this.#answers = new LRUCache({
      maxSize: maxBytes ?? defaultMaxBytes,
      sizeCalculation: ({ body = '' }, key) => body.length + key.length + 1024,
    });
  }

  /** A fresh answer to `key`; one with a body where `needsBody`. */
  recall(key: string, needsBody: boolean): RememberedAnswer | undefined {
    const kept = this.#answers.get(key);
    if (kept === undefined || (needsBody && kept.body === undefined)) return undefined;
    const heldMs = this.#nowMs() - kept.keptAtMs;
    if (heldMs >= kept.freshForMs) {
      this.#answers.delete(key);
      return undefined;
    }
    const { headers, body, ageSeconds } = kept;
    const age = ageSeconds === undefined ? undefined : ageSeconds + Math.floor(heldMs / 1000);
    return { headers, body, ageSeconds: age };
  }

  /** Keeps the answer that passes by, where the worker lets it. */
  keeper(key: string, hasBody: boolean): AnswerKeeper {
    const generation = this.#generation;
    let head: Omit<Kept, 'body'> | undefined;
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    return {
      begin: (status, headers) => {
        if (status === 200) head = this.#head(headers);
      },
      add: (chunk) => {
        sizeBytes += chunk.length;
        if (sizeBytes <= maxBodyBytes) chunks.push(chunk);
      },
      end: () => {
        if (head === undefined || sizeBytes > maxBodyBytes) return;
        if (generation !== this.#generation) return;
        const body = hasBody ? Buffer.concat(chunks).toString('latin1') : undefined;
        // A HEAD says no more than a GET that was fresh.
        if (body === undefined && this.recall(key, true) !== undefined) return;
        this.#answers.set(key, { ...head, body });
      },
    };
  }

  /** Content was removed, or what may be served has changed. */
  forget(): void {
    this.#generation += 1;
    this.#answers.clear();
  }

  #head(headers: WorkerHeaders): Omit<Kept, 'body'> | undefined {
    const control = headers['cache-control'];
    const match = typeof control === 'string' ? /(?:^|[ ,])max-age=([0-9]+)/.exec(control) : null;
    if (match === null || headers['warning'] !== undefined) return undefined;
    const age = typeof headers['age'] === 'string' ? Number(headers['age']) : undefined;
    const freshForMs = Math.min(Number(match[1]) - (age ?? 0), maxFreshSeconds) * 1000;
    if (!(freshForMs > 0)) return undefined;
    const kept = keptHeaders.flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [name, value] : [];
    });
    kept.push('docker-distribution-api-version', 'registry/2.0');
    return { headers: kept, ageSeconds: age, keptAtMs: this.#nowMs(), freshForMs };
  }
}
