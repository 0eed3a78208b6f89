/** A process like an edge or a worker that does what a test asks for, well or badly. */
import { enterProcess } from '../../../lib/app/process-entry.ts';
import { MirrorgateError } from '../../../lib/errors/mirrorgate-error.ts';

export interface FakeRequest {
  /** `end` may be ignored, as told before. */
  readonly kind: 'greet' | 'fail' | 'crash' | 'throw' | 'ignore' | 'end';
}

export type FakeReport = 'started' | 'hello';

/** `sum` fails where a number is negative. */
export type FakeQuestions = {
  readonly sum: { readonly detail: readonly number[]; readonly answer: number };
  readonly silence: { readonly detail: undefined; readonly answer: undefined };
};

/** What it logs would stand among the results of the tests. */
process.stderr.write = () => true;

let ignoresEnd = false;

enterProcess<FakeRequest, FakeReport, FakeQuestions>({
  started: 'started',
  answers: {
    sum: (numbers) => Promise.resolve().then(() => sumOf(numbers)),
    silence: () => new Promise(() => undefined),
  },
  onRequest: ({ kind }, { report }) => {
    switch (kind) {
      case 'greet':
        report('hello');
        break;
      case 'fail':
        return Promise.reject(new Error('a request that fails'));
      case 'crash':
        process.exit(3);
        break;
      case 'throw':
        setImmediate(() => {
          throw new Error('nobody foresaw this');
        });
        break;
      case 'ignore':
        ignoresEnd = true;
        report('hello');
        break;
      case 'end':
        if (!ignoresEnd) process.exit(0);
    }
    return Promise.resolve();
  },
  /** What it had begun ends when the test says so. */
  onUnforeseen: () =>
    new Promise((resolve) => {
      process.once('SIGUSR2', () => resolve());
    }),
});

function sumOf(numbers: readonly number[]): number {
  if (numbers.every((one) => one >= 0)) return numbers.reduce((sum, one) => sum + one, 0);
  throw new MirrorgateError('MIRRORGATE_FAKE_SUM', 'negative', { hint: 'add something' });
}
