/**
 * Questions from the supervisor to one of its processes, over IPC, and their answers: numbered,
 * in any order, each with a deadline. Updates go another way: they are told again to an heir.
 */
import { errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { Failure } from './messages.ts';

/** What may be asked, by name: with what detail, answered by what. Structured clones only. */
export type QuestionTable = Readonly<Record<string, QuestionKind>>;

interface QuestionKind {
  readonly detail: unknown;
  readonly answer: unknown;
}

/** What a process answers to each question of its table; a rejection is told as a failure. */
export type Answerers<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends QuestionKind
    ? (detail: Table[Name]['detail']) => Promise<Table[Name]['answer']>
    : never;
};

export interface Question {
  readonly kind: 'question';
  readonly number: number;
  readonly name: string;
  readonly detail: unknown;
}

export type Answer = {
  readonly kind: 'answer';
  readonly number: number;
} & ({ readonly value: unknown } | { readonly failure: Failure });

interface Pending {
  readonly settle: (answer: Answer) => void;
  readonly fail: (error: MirrorgateError) => void;
  readonly deadline: Timer;
}

/** The asker's side: the questions that are open. */
export class Questions {
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Resolves with the answer.
   * @throws MirrorgateError `MIRRORGATE_APP_NO_ANSWER`, or the code of the process's own failure
   */
  ask(
    question: { readonly name: string; readonly detail: unknown; readonly deadlineMs: number },
    send: (question: Question) => void,
  ): Promise<unknown> {
    const { name, detail, deadlineMs } = question;
    this.#last += 1;
    const number = this.#last;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const fail = (error: MirrorgateError): void => {
      this.#pending.delete(number);
      reject(error);
    };
    const deadline = this.#clock.after(deadlineMs, () => fail(noAnswer(name)));
    const settle = (answer: Answer): void => {
      this.#pending.delete(number);
      if ('value' in answer) resolve(answer.value);
      else reject(errorOf(answer.failure));
    };
    this.#pending.set(number, { settle, fail, deadline });
    send({ kind: 'question', number, name, detail });
    return promise;
  }

  /** Whether `message` was an answer; late ones find nobody who waits. */
  take(message: unknown): boolean {
    if (!isAnswer(message)) return false;
    const pending = this.#pending.get(message.number);
    pending?.deadline.cancel();
    pending?.settle(message);
    return true;
  }

  /** The process is gone: it answers nothing any more. */
  failAll(): void {
    for (const { deadline, fail } of [...this.#pending.values()]) {
      deadline.cancel();
      fail(noAnswer('a question'));
    }
  }
}

/** Whether `message` is a question, which is answered beside the requests, not in their order. */
export function isQuestion(message: unknown): message is Question {
  return kindOf(message) === 'question';
}

/** The other side: what `answerers` say. An unknown question is a failure too. */
export async function answerTo(
  { number, name, detail }: Question,
  answerers: Readonly<Record<string, (detail: never) => Promise<unknown>>>,
  failureOf: (error: unknown) => Failure,
): Promise<Answer> {
  try {
    const answerer = Object.hasOwn(answerers, name) ? answerers[name] : undefined;
    if (answerer === undefined) throw new TypeError(`nobody here answers "${name}"`);
    return { kind: 'answer', number, value: await answerer(detail as never) };
  } catch (error) {
    return { kind: 'answer', number, failure: failureOf(error) };
  }
}

function isAnswer(message: unknown): message is Answer {
  return kindOf(message) === 'answer';
}

function kindOf(message: unknown): unknown {
  return typeof message === 'object' ? (message as { kind?: unknown } | null)?.kind : undefined;
}

function noAnswer(name: string): MirrorgateError {
  return new MirrorgateError('MIRRORGATE_APP_NO_ANSWER', `no process answered ${name}`, {
    hint: 'it is busy or was just restarted: try again, and see the log',
  });
}

function errorOf({ code, message, hint }: Failure): MirrorgateError {
  return new MirrorgateError(code, errorMessage(message), hint === undefined ? {} : { hint });
}
