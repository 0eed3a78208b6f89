/** Failures of certificates that a caller reacts to by more than their code. */
import type { Site } from '../config/configuration.ts';
import { errorMessage, MirrorgateError, type ErrorDetails } from '../errors/mirrorgate-error.ts';

/** An issuer that will not be asked again before `retryAt`: rate limits, its own back-off. */
export class IssuanceDeferredError extends MirrorgateError {
  readonly retryAt: Date;

  constructor(message: string, retryAt: Date, details: ErrorDetails = {}) {
    super('MIRRORGATE_CERTIFICATE_DEFERRED', message, details);
    this.retryAt = retryAt;
  }
}

export interface SiteFailure {
  readonly site: Site;
  readonly error: unknown;
}

/** Some sites failed; each with its own reason. */
export class SiteFailuresError extends MirrorgateError {
  readonly failures: readonly SiteFailure[];

  constructor(code: string, message: string, failures: readonly SiteFailure[]) {
    const reasons = failures.map(({ site, error }) => `${site.name}: ${errorMessage(error)}`);
    const hints = failures.flatMap(({ error }) =>
      error instanceof MirrorgateError && error.hint !== undefined ? [error.hint] : [],
    );
    super(code, `${message}: ${reasons.join('; ')}`, {
      cause: failures[0]?.error,
      ...(hints.length === 0 ? {} : { hint: [...new Set(hints)].join('; ') }),
    });
    this.failures = failures;
  }
}
