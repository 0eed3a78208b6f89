/**
 * One certificate from one CA: an order taken up again or opened, authorized, finalized and
 * downloaded. What would be needed to take it up again is on disk before each step.
 */
import { createPrivateKey } from 'node:crypto';
import { errorFields } from '../telemetry/logger.ts';
import { ChallengeError } from './acme-errors.ts';
import type { Order } from './acme-server.ts';
import { authorize } from './authorization.ts';
import { certificateRequest, makePrivateKey, privateKeyText } from './certificate-request.ts';
import { caHost } from './exchange.ts';
import type { IssuedCertificate } from './issuance-record.ts';
import { openOrder, takeUpOrder } from './order-book.ts';
import type { OrderContext } from './order-context.ts';
import { acmeProblem } from './problem.ts';
import { assertValidationsLeft, countFailedValidation } from './validation-limit.ts';
import { pollUntil } from './waiting.ts';

/**
 * Authorizes every name at a CA that nobody trusts, and stops there.
 * @throws ChallengeError; and as {@link AcmeServer} and {@link AcmeState}
 */
export async function rehearse(context: OrderContext): Promise<void> {
  const { order = await openOrder(context) } = await takeUpOrder(context);
  if (order.status === 'pending') await authorizeAll(order, context);
  await context.state.change(context.names, { order: undefined });
}

/**
 * A certificate whose key only this process and its disk know. Its order stays on record: the
 * caller closes it once the certificate is kept.
 * @throws ChallengeError; IssuanceDeferredError; MirrorgateError `MIRRORGATE_ACME_SLOW`, `MIRRORGATE_ACME_PROFILE`; and as
 *   {@link AcmeServer} and {@link AcmeState}
 */
export async function obtain(context: OrderContext): Promise<IssuedCertificate> {
  const { ca, names, session, state } = context;
  const { order: found, hasFailed } = await takeUpOrder(context);
  if (hasFailed) await countFailedValidation(context);
  if (found === undefined) await assertValidationsLeft(context);
  const opened = found ?? (await openOrder(context));
  const authorized = opened.status === 'pending' ? await authorizeCounted(opened, context) : opened;
  const order = await finalize(authorized, context);
  const chainPem = await session.certificate(order, ca.preferredChain);
  const { order: pending } = await state.record(names);
  if (pending?.privateKeyPem === undefined) throw new TypeError('an order lost its key');
  return { directory: ca.directory, privateKeyPem: pending.privateKeyPem, chainPem };
}

async function authorizeCounted(order: Order, context: OrderContext): Promise<Order> {
  try {
    return await authorizeAll(order, context);
  } catch (error) {
    if (error instanceof ChallengeError && error.isFailedValidation) {
      await countFailedValidation(context);
    }
    throw error;
  }
}

async function authorizeAll(order: Order, context: OrderContext): Promise<Order> {
  const { names, session, state, clock, deadlineMs, signal } = context;
  const results = await Promise.allSettled(
    order.authorizations.map((url) => authorize(url, context)),
  );
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    signal.throwIfAborted();
    await forgetDeadOrder(order, context);
    throw failed.reason;
  }
  const used = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const challenge = used.find((kind) => kind !== undefined);
  if (challenge !== undefined) await state.change(names, { challenge });
  return await pollUntil({
    ask: () => session.order(order.url),
    isDone: ({ status }) => status !== 'pending',
    deadlineMs,
    what: 'the order, with all of its names authorized,',
    clock,
    signal,
  });
}

/** A failed authorization ends its order at the CA; others leave it to be taken up again. */
async function forgetDeadOrder(order: Order, context: OrderContext): Promise<void> {
  const { session, state, names, logger } = context;
  try {
    const { status } = await session.order(order.url);
    if (status === 'invalid') await state.change(names, { order: undefined });
  } catch (error) {
    // What failed first is what the caller must know; the order is looked at again the next time.
    logger.debug('ACME order not looked at', errorFields(error));
  }
}

async function finalize(order: Order, context: OrderContext): Promise<Order> {
  const { session, clock, deadlineMs, signal } = context;
  const ready = order.status === 'ready' ? await requestSignature(order, context) : order;
  const done = await pollUntil({
    first: ready,
    ask: () => session.order(order.url),
    isDone: ({ status }) => status === 'valid' || status === 'invalid',
    deadlineMs,
    what: 'the certificate',
    clock,
    signal,
  });
  if (done.status === 'valid') return done;
  await context.state.change(context.names, { order: undefined });
  throw acmeProblem({ host: caHost(order.url), status: 0, data: done.error });
}

async function requestSignature(order: Order, context: OrderContext): Promise<Order> {
  const { names, state, session, keyType, ca } = context;
  const { order: pending } = await state.record(names);
  const privateKeyPem = pending?.privateKeyPem ?? privateKeyText(await makePrivateKey(keyType));
  await state.change(names, {
    order: { directory: ca.directory, url: order.url, privateKeyPem },
  });
  const request = certificateRequest(names, createPrivateKey(privateKeyPem));
  return await session.finalize(order, request);
}
