/**
 * One attempt to have a certificate issued: the CAs in their order, each left in peace as long as
 * it asked for, and what came of it remembered before anybody is told.
 */
import { IssuanceDeferredError } from '../certificates/certificate-errors.ts';
import { checkCertifiedKey } from '../certificates/certificate-facts.ts';
import type { CertifiedKey } from '../certificates/issuer.ts';
import { errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { HostName } from '../net/host-name.ts';
import { errorFields } from '../telemetry/logger.ts';
import { forgetAccountUrl, openAccount } from './account.ts';
import { AcmeProblem, ChallengeError, isPassing, problemType } from './acme-errors.ts';
import { stagingOf, type AcmeCa } from './acme-ca.ts';
import type { AcmeServer } from './acme-server.ts';
import type { RecordChange } from './acme-state.ts';
import { backOffMs } from './back-off.ts';
import { assertClock } from './clock-check.ts';
import { obtain, rehearse } from './ca-order.ts';
import { caHost } from './exchange.ts';
import type { Attempts, IssuedCertificate } from './issuance-record.ts';
import type { OrderContext } from './order-context.ts';
import { patientSession } from './patient-session.ts';
import { patiently } from './waiting.ts';

export interface IssuanceContext extends Omit<
  OrderContext,
  'ca' | 'server' | 'session' | 'replaces'
> {
  readonly cas: readonly AcmeCa[];
  readonly serverOf: (ca: AcmeCa) => AcmeServer;
  /** What the certificate must cover. */
  readonly hosts: readonly HostName[];
  /** The certificate to be replaced, for the CA that made it. */
  readonly predecessor: { readonly directory: string; readonly certificateId: string } | undefined;
  /** How long what serves now will last; undefined where nothing does. */
  readonly leftMs: number | undefined;
  /** An operator asked: what waits only because of earlier failures does not wait. */
  readonly isForced: boolean;
  readonly random: () => number;
}

/** A try at staging after so many validations that failed in a row. */
const failuresBeforeRehearsal = 2;

interface CaFailure {
  readonly ca: AcmeCa;
  readonly error: unknown;
}

/**
 * @throws IssuanceDeferredError where no CA gave one, with the reason of the first as its cause;
 *   the reason of `signal`, after which the attempt counts as not made
 */
export async function attemptIssuance(context: IssuanceContext): Promise<CertifiedKey> {
  const { cas, names, state, clock, signal, isForced, logger } = context;
  const { attempts, deferrals } = await state.record(names);
  const now = clock.now();
  if (!isForced && attempts !== undefined && attempts.nextAt > now) throw deferred(attempts, names);
  const failures: CaFailure[] = [];
  for (const ca of cas) {
    const deferral = deferrals[ca.directory];
    if (deferral !== undefined && deferral > now) continue;
    try {
      const issued = await issueAt(ca, context);
      await keepIssued(issued, context);
      return { privateKeyPem: issued.privateKeyPem, chainPem: issued.chainPem };
    } catch (error) {
      signal.throwIfAborted();
      // Not made at all, for the sake of every CA: no further failure.
      if (error instanceof IssuanceDeferredError) throw error;
      failures.push({ ca, error });
      // Any other CA would see the same.
      if (error instanceof ChallengeError) break;
      if (ca !== cas.at(-1)) {
        logger.warn('ACME CA failed, asking the next', {
          names,
          directory: ca.directory,
          ...errorFields(error),
        });
      }
    }
  }
  throw await keepFailure(failures, context);
}

async function issueAt(ca: AcmeCa, context: IssuanceContext): Promise<IssuedCertificate> {
  await assertClock(context.serverOf(ca), ca.directory, context);
  await rehearseWhereDue(ca, context);
  // What was begun is on record: an interrupted order is taken up again, not opened anew.
  const issued = await patiently(() => withAccount(ca, context, obtain), isPassing, context);
  const now = context.clock.now();
  try {
    checkCertifiedKey(issued, context.hosts, now);
  } catch (cause) {
    if (!(cause instanceof MirrorgateError)) throw cause;
    // A clock that is behind: what is of no use yet will be.
    if (cause.code === 'MIRRORGATE_CERTIFICATE_NOT_YET_VALID') return issued;
    await context.state.change(context.names, { order: undefined });
    throw new MirrorgateError(
      'MIRRORGATE_ACME_CERTIFICATE',
      `${caHost(ca.directory)} issued what cannot be served: ${cause.message}`,
      { cause, ...(cause.hint === undefined ? {} : { hint: cause.hint }) },
    );
  }
  return issued;
}

/** Failed validations are limited at the real CA: what is amiss is to be found out elsewhere. */
async function rehearseWhereDue(ca: AcmeCa, context: IssuanceContext): Promise<void> {
  const { state, names, logger, signal } = context;
  const staging = stagingOf(ca);
  const { attempts } = await state.record(names);
  if (staging === undefined || attempts === undefined) return;
  if (attempts.failedValidations < failuresBeforeRehearsal) return;
  try {
    await withAccount(staging, context, rehearse);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ChallengeError) throw error;
    // It is not the staging CA that matters.
    logger.warn('ACME rehearsal not possible', { names, ...errorFields(error) });
    return;
  }
  logger.info('ACME rehearsal went well', { names, directory: staging.directory });
  await state.change(names, { attempts: { ...attempts, failedValidations: 0 } });
}

/** Registers anew, once, where the CA has lost the account. */
async function withAccount<T>(
  ca: AcmeCa,
  context: IssuanceContext,
  work: (context: OrderContext) => Promise<T>,
): Promise<T> {
  const server = context.serverOf(ca);
  const account = { ...context, ca, server };
  const { predecessor } = context;
  const isSameCa = predecessor?.directory === ca.directory;
  const replaces = isSameCa ? predecessor.certificateId : undefined;
  const run = async (): Promise<T> => {
    const session = patientSession(await openAccount(account), context);
    return await work({ ...account, session, replaces });
  };
  try {
    return await run();
  } catch (error) {
    if (problemType(error) !== 'accountDoesNotExist') throw error;
    await forgetAccountUrl(account);
    return await run();
  }
}

function isFailedValidation(error: unknown): boolean {
  return error instanceof ChallengeError && error.isFailedValidation;
}

/** A disk that refuses takes nothing away: the order on record leads to the certificate again. */
async function keepIssued(issued: IssuedCertificate, context: IssuanceContext): Promise<void> {
  const change = { issued, order: undefined, attempts: undefined, renewal: undefined };
  await remember(change, context);
}

async function keepFailure(
  failures: readonly CaFailure[],
  context: IssuanceContext,
): Promise<IssuanceDeferredError> {
  const { cas, names, state, clock, leftMs, random } = context;
  const { attempts: before, deferrals: known } = await state.record(names);
  const now = clock.now();
  const asked = failures.flatMap(({ ca, error }) => {
    const retryAt = error instanceof AcmeProblem ? error.facts.retryAt : undefined;
    return retryAt === undefined ? [] : [[ca.directory, retryAt] as const];
  });
  const open = Object.entries({ ...known, ...Object.fromEntries(asked) }).filter(
    ([, until]) => until > now,
  );
  const deferrals = Object.fromEntries(open);
  const soonest = Math.min(...cas.map(({ directory }) => deferrals[directory]?.getTime() ?? 0));
  const [first] = failures;
  if (first === undefined) {
    // Every CA asked for time before; that is no further failure.
    const reason = before ?? { lastError: 'every CA asked to be left in peace', failures: 0 };
    return deferred({ ...reason, nextAt: new Date(soonest) }, names);
  }
  const count = (before?.failures ?? 0) + 1;
  const delayMs = backOffMs({ failures: count, leftMs, random: random() });
  const isValidation = failures.some(({ error }) => isFailedValidation(error));
  const lastProblemType = problemType(first.error);
  const attempts: Attempts = {
    failures: count,
    failedValidations: (before?.failedValidations ?? 0) + (isValidation ? 1 : 0),
    nextAt: new Date(Math.max(now.getTime() + delayMs, soonest)),
    lastError: failures.map(({ error }) => errorMessage(error)).join('; '),
    ...(lastProblemType === undefined ? {} : { lastProblemType }),
  };
  await remember({ attempts, deferrals }, context);
  return deferred(attempts, names, first.error);
}

/** Memory has it in any case, for as long as the process lives. */
async function remember(change: RecordChange, context: IssuanceContext): Promise<void> {
  const { state, names, logger } = context;
  try {
    await state.change(names, change);
  } catch (error) {
    logger.error('ACME record not kept', { names, ...errorFields(error) });
  }
}

function deferred(
  { nextAt, lastError }: Pick<Attempts, 'nextAt' | 'lastError'>,
  names: readonly string[],
  cause?: unknown,
): IssuanceDeferredError {
  const hint = cause instanceof MirrorgateError ? cause.hint : undefined;
  return new IssuanceDeferredError(`no certificate for ${names.join(', ')}: ${lastError}`, nextAt, {
    ...(cause === undefined ? {} : { cause }),
    ...(hint === undefined ? {} : { hint }),
  });
}
