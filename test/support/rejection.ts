/** The error that a promise or a call ends with, for tests that look at its code and facts. */
import { MirrorgateError } from '../../lib/errors/mirrorgate-error.ts';

export async function rejectionOf(outcome: Promise<unknown>): Promise<MirrorgateError> {
  try {
    await outcome;
  } catch (error) {
    if (error instanceof MirrorgateError) return error;
    throw error;
  }
  throw new TypeError('it was expected to reject');
}

export function errorOf(call: () => unknown): MirrorgateError {
  try {
    call();
  } catch (error) {
    if (error instanceof MirrorgateError) return error;
    throw error;
  }
  throw new TypeError('it was expected to throw');
}
