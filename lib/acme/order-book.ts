/**
 * Opening orders, and never a second one for the same names: what a crash left open is found
 * again, by its URL or in the account's list of orders.
 */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { AcmeProblem, isPassing } from './acme-errors.ts';
import type { Directory, Order, OrderRequest } from './acme-server.ts';
import { identifierOf, isSameSet, nameOf } from './identifiers.ts';
import type { OrderContext } from './order-context.ts';

/** Of the account's orders, the latest: an older one has expired. */
const maxOrdersSearched = 60;

export interface TakenUp {
  readonly order: Order | undefined;
  /** Whether there was one that failed at the CA while nobody here looked. */
  readonly hasFailed: boolean;
}

/**
 * The order that an earlier attempt left at this CA, where it can still lead to a certificate.
 * Else forgets it; what is left of it at the CA expires by itself.
 */
export async function takeUpOrder(context: OrderContext): Promise<TakenUp> {
  const { ca, names, state, logger } = context;
  const { order: pending } = await state.record(names);
  if (pending === undefined) return { order: undefined, hasFailed: false };
  let hasFailed = false;
  if (pending.directory === ca.directory) {
    const { url, privateKeyPem } = pending;
    const found = url === undefined ? await findOpenOrder(context) : await tryOrder(url, context);
    // Signed, or about to be, for a key that is lost.
    const isLost = found !== undefined && !isOpen(found) && privateKeyPem === undefined;
    hasFailed = found?.status === 'invalid';
    if (found !== undefined && !hasFailed && !isLost) {
      await state.change(names, { order: { ...pending, url: found.url } });
      logger.info('ACME order taken up again', { names, order: found.url, status: found.status });
      return { order: found, hasFailed };
    }
  }
  await state.change(names, { order: undefined });
  return { order: undefined, hasFailed };
}

/**
 * Opens an order. That it is about to is on disk before, its URL after.
 * @throws MirrorgateError `MIRRORGATE_ACME_PROFILE`; and as {@link AcmeServer} and {@link AcmeState}
 */
export async function openOrder(context: OrderContext): Promise<Order> {
  const { ca, names, server, state, logger, signal } = context;
  const directory = await server.directory(signal);
  const request: OrderRequest = {
    identifiers: names.map(identifierOf),
    profile: chooseProfile(directory, context),
    replaces: directory.hasRenewalInfo ? context.replaces : undefined,
  };
  await state.change(names, { order: { directory: ca.directory } });
  const order = await place(request, context);
  await state.change(names, { order: { directory: ca.directory, url: order.url } });
  const { profile, replaces } = request;
  logger.info('ACME order placed', { names, order: order.url, profile, replaces });
  return order;
}

async function place(request: OrderRequest, context: OrderContext): Promise<Order> {
  const { session, state, names, logger } = context;
  try {
    return await session.placeOrder(request);
  } catch (error) {
    if (!(error instanceof AcmeProblem)) throw error;
    if (request.replaces !== undefined && mayBeAboutReplacing(error)) {
      logger.debug('ACME order without its predecessor', { names, problem: error.facts.type });
      return await place({ ...request, replaces: undefined }, context);
    }
    // Refused: there is nothing to be found again.
    await state.change(names, { order: undefined });
    throw error;
  }
}

/** The CA may know nothing of the certificate to be replaced, or of another one in its place. */
function mayBeAboutReplacing({ facts }: AcmeProblem): boolean {
  return !['rateLimited', 'accountDoesNotExist', 'userActionRequired'].includes(facts.type);
}

async function tryOrder(url: string, { session }: OrderContext): Promise<Order | undefined> {
  try {
    return await session.order(url);
  } catch (error) {
    if (error instanceof AcmeProblem && isGone(error)) return undefined;
    throw error;
  }
}

async function findOpenOrder(context: OrderContext): Promise<Order | undefined> {
  const { names, session } = context;
  const urls = await session.listOrders();
  for (const url of urls.slice(-maxOrdersSearched).reverse()) {
    const order = await tryOrder(url, context).catch((error: unknown) => {
      // One of many, and hardly ours: a CA in trouble would end every search.
      if (isPassing(error)) return undefined;
      throw error;
    });
    const isOurs = order !== undefined && isSameSet(order.identifiers.map(nameOf), names);
    if (isOurs && isOpen(order)) return order;
  }
  return undefined;
}

function isOpen({ status }: Order): boolean {
  return status === 'pending' || status === 'ready';
}

/** The CA has forgotten the order, or will not speak of it. */
function isGone({ facts: { type, status } }: AcmeProblem): boolean {
  const isRefusal = status >= 400 && status < 500;
  return isRefusal && type !== 'rateLimited' && type !== 'accountDoesNotExist';
}

/** Let's Encrypt certifies addresses under this profile alone. */
const profileOfAddresses = 'shortlived';

function chooseProfile({ profiles }: Directory, { ca, names }: OrderContext): string | undefined {
  const offered = Object.keys(profiles);
  if (ca.profile === undefined) {
    const hasAddress = names.some((name) => identifierOf(name).type === 'ip');
    return hasAddress && offered.includes(profileOfAddresses) ? profileOfAddresses : undefined;
  }
  if (offered.includes(ca.profile)) return ca.profile;
  throw new MirrorgateError(
    'MIRRORGATE_ACME_PROFILE',
    `${ca.directory} has no profile "${ca.profile}"`,
    {
      hint:
        offered.length === 0
          ? 'it has none at all: remove profile of this CA'
          : `choose one of: ${offered.join(', ')}`,
    },
  );
}
