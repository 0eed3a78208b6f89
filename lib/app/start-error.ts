/** What keeps a gate from serving. */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { Failure } from './messages.ts';

/** Each failure is a line of its own. */
export class StartError extends MirrorgateError {
  readonly failures: readonly Failure[];

  constructor(failures: readonly Failure[]) {
    const [first] = failures;
    super(
      first?.code ?? 'MIRRORGATE_APP_PROCESS',
      failures.map(({ message }) => message).join('; '),
    );
    this.failures = failures;
  }
}
