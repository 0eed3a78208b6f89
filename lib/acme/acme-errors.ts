/** Failures of ACME that a caller reacts to by more than their code. */
import { MirrorgateError, type ErrorDetails } from '../errors/mirrorgate-error.ts';
import type { ChallengeKind } from './challenge.ts';

/** A problem below another one, about one identifier (RFC 8555 §6.7.1). */
export interface Subproblem {
  readonly type: string;
  readonly detail: string;
  /** The name or address it is about, where it is about one. */
  readonly identifier: string | undefined;
}

export interface ProblemFacts {
  /** Without `urn:ietf:params:acme:error:` where it begins so; `about:blank` where none was sent. */
  readonly type: string;
  /** The CA's own words. */
  readonly detail: string;
  readonly status: number;
  readonly subproblems: readonly Subproblem[];
  /** Not to be asked again before, where the CA said so. */
  readonly retryAt: Date | undefined;
}

/** A CA refused a request (RFC 8555 §6.7, RFC 9457): `MIRRORGATE_ACME_PROBLEM`. */
export class AcmeProblem extends MirrorgateError {
  readonly facts: ProblemFacts;

  constructor(message: string, facts: ProblemFacts, details: ErrorDetails = {}) {
    super('MIRRORGATE_ACME_PROBLEM', message, details);
    this.facts = facts;
  }
}

export interface FailedChallenge {
  readonly host: string;
  readonly kind: ChallengeKind | undefined;
  /** Type of the CA's problem; undefined where the CA had no part in it. */
  readonly problemType: string | undefined;
}

/**
 * Control over a host could not be shown. Another CA would see the same. `MIRRORGATE_ACME_CHALLENGE`
 * where the CA looked and was not content, `…_RESPONDER` where nothing was there for it to see,
 * `…_NO_CHALLENGE` where it offers no usable kind.
 */
export class ChallengeError extends MirrorgateError {
  readonly challenge: FailedChallenge;

  constructor(
    code:
      'MIRRORGATE_ACME_CHALLENGE' | 'MIRRORGATE_ACME_RESPONDER' | 'MIRRORGATE_ACME_NO_CHALLENGE',
    message: string,
    { challenge, ...details }: ErrorDetails & { readonly challenge: FailedChallenge },
  ) {
    super(code, message, details);
    this.challenge = challenge;
  }

  /** Whether it counts as a failed authorization at the CA, of which it permits few. */
  get isFailedValidation(): boolean {
    return this.code === 'MIRRORGATE_ACME_CHALLENGE';
  }
}

/** The type of the CA's problem behind an error, if a CA has spoken. */
export function problemType(error: unknown): string | undefined {
  if (error instanceof AcmeProblem) return error.facts.type;
  return error instanceof ChallengeError ? error.challenge.problemType : undefined;
}

/** Whether the same request may well succeed in a moment: no answer, or a fault of the server. */
export function isPassing(error: unknown): boolean {
  if (error instanceof AcmeProblem) return error.facts.status >= 500 && !error.facts.retryAt;
  return error instanceof MirrorgateError && error.code === 'MIRRORGATE_ACME_UNREACHABLE';
}
