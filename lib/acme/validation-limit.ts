/**
 * Failed validations are what CAs limit most (Let's Encrypt: five for a name and hour), and what an
 * operator's own retries, or a process that dies again and again, could use up: after the third
 * within an hour no order is opened for the names.
 */
import { IssuanceDeferredError } from '../certificates/certificate-errors.ts';
import { errorFields } from '../telemetry/logger.ts';
import type { OrderContext } from './order-context.ts';

const maxFailures = 3;
const windowMs = 3_600_000;

type LimitContext = Pick<OrderContext, 'names' | 'state' | 'clock' | 'logger'>;

/** A disk that refuses takes nothing away: memory has it for as long as the process lives. */
export async function countFailedValidation(context: LimitContext): Promise<void> {
  const { names, state, clock, logger } = context;
  const { failedValidationsAt: before = [] } = await state.record(names);
  const failedValidationsAt = [...before, clock.now()].slice(-maxFailures);
  try {
    await state.change(names, { failedValidationsAt });
  } catch (error) {
    logger.error('ACME record not kept', { names, ...errorFields(error) });
  }
}

/** @throws IssuanceDeferredError until an hour after the first of three failures */
export async function assertValidationsLeft({ names, state, clock }: LimitContext): Promise<void> {
  const { failedValidationsAt = [], attempts } = await state.record(names);
  const now = clock.now();
  const recent = failedValidationsAt.filter(
    (at) => at.getTime() > now.getTime() - windowMs && at <= now,
  );
  const [oldest] = recent;
  if (oldest === undefined || recent.length < maxFailures) return;
  const last = attempts === undefined ? '' : `; the last: ${attempts.lastError}`;
  throw new IssuanceDeferredError(
    `no certificate for ${names.join(', ')}: three validations failed within an hour, and CAs permit few${last}`,
    new Date(oldest.getTime() + windowMs),
    { hint: 'mend what the last one told of; it is tried again by itself then' },
  );
}
