/**
 * What a client has been sent of an answer, and whether what comes again is the same answer: so
 * that nobody ever gets the beginning of one content and the end of another.
 */
import { fileSpanText, type FileSpan } from '../net/internal-headers.ts';
import { ByteMark } from './byte-mark.ts';

export type WorkerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** What was not sent of an answer whose file could not be read to its end. */
export interface MissingPart {
  readonly headers: WorkerHeaders;
  readonly span: FileSpan;
}

/** What of an answer's head must be the same for its body to be the same. */
interface Head {
  readonly status: number;
  readonly etag: string;
  readonly length: string | string[] | undefined;
  readonly range: string | string[] | undefined;
}

interface Repetition {
  /** What the client has. */
  readonly wanted: { readonly count: number; readonly tag: Buffer };
  readonly seen: ByteMark;
}

export class SentAnswer {
  #head: Head | undefined;
  #sent = new ByteMark();
  #repetition: Repetition | undefined;

  /** To go on with the answer to a request for `part` alone, of which nothing was sent. */
  static beforePart({ headers: { etag }, span }: MissingPart): SentAnswer {
    const sent = new SentAnswer();
    sent.begin(206, {
      etag,
      'content-length': String(span.last + 1 - span.first),
      'content-range': `bytes ${fileSpanText(span)}`,
    });
    return sent;
  }

  /** False where the worker did not say which content it is: then nothing can go on with it. */
  get canBeRepeated(): boolean {
    return this.#head !== undefined;
  }

  /** Whether bytes are awaited that the client has. */
  get isRepeating(): boolean {
    return this.#repetition !== undefined;
  }

  begin(status: number, headers: WorkerHeaders): void {
    this.#head = tryHead(status, headers);
  }

  add(bytes: Buffer): void {
    if (this.#head !== undefined) this.#sent.add(bytes);
  }

  /** The answer begins again; whether it says that it is the same. */
  beginAgain(status: number, headers: WorkerHeaders): boolean {
    if (!isSame(tryHead(status, headers), this.#head)) return false;
    const wanted = this.#repetition?.wanted ?? { count: this.#sent.count, tag: this.#sent.seal() };
    this.#sent = new ByteMark();
    this.#repetition = { wanted, seen: new ByteMark() };
    return true;
  }

  /** What of `chunk` the client does not have; undefined where what it has is not this content. */
  fresh(chunk: Buffer): Buffer | undefined {
    const repetition = this.#repetition;
    if (repetition === undefined) return chunk;
    const { wanted, seen } = repetition;
    const known = chunk.subarray(0, wanted.count - seen.count);
    seen.add(known);
    this.#sent.add(known);
    if (seen.count < wanted.count) return Buffer.alloc(0);
    this.#repetition = undefined;
    return seen.seal().equals(wanted.tag) ? chunk.subarray(known.length) : undefined;
  }
}

/** Undefined where the worker did not say which content it is. */
function tryHead(status: number, headers: WorkerHeaders): Head | undefined {
  const { etag, 'content-length': length, 'content-range': range } = headers;
  return typeof etag === 'string' ? { status, etag, length, range } : undefined;
}

function isSame(one: Head | undefined, other: Head | undefined): boolean {
  return (
    one !== undefined &&
    one.status === other?.status &&
    one.etag === other.etag &&
    one.length === other.length &&
    one.range === other.range
  );
}
