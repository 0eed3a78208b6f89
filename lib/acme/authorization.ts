/**
 * Showing control over one name (RFC 8555 §7.5): the challenge is up before the CA is told, and
 * taken down afterwards whatever happens.
 */
import { errorFields, type Logger } from '../telemetry/logger.ts';
import { errorMessage } from '../errors/mirrorgate-error.ts';
import type { Clock } from '../time/clock.ts';
import { ChallengeError } from './acme-errors.ts';
import type { AcmeSession, Authorization, OfferedChallenge } from './acme-server.ts';
import {
  makeChallenge,
  type Challenge,
  type ChallengeKind,
  type ChallengeResponder,
  type ChallengeResponders,
} from './challenge.ts';
import { nameOf } from './identifiers.ts';
import { problemDocument, problemFacts } from './problem.ts';
import { pollUntil } from './waiting.ts';

export interface AuthorizationContext {
  readonly session: AcmeSession;
  readonly responders: ChallengeResponders;
  /** Kinds to use, the preferred one first. */
  readonly kinds: readonly ChallengeKind[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** For the CA to look. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

interface Choice {
  readonly kind: ChallengeKind;
  readonly offered: OfferedChallenge;
  readonly responder: ChallengeResponder;
}

/**
 * Resolves when the authorization at `url` is valid, with the kind of challenge that did it;
 * undefined where it was valid before.
 * @throws ChallengeError; and as {@link AcmeServer}
 */
export async function authorize(
  url: string,
  context: AuthorizationContext,
): Promise<ChallengeKind | undefined> {
  const { session } = context;
  const authorization = await session.authorization(url);
  if (authorization.status === 'valid') return undefined;
  if (authorization.status !== 'pending') throw refusal(authorization, undefined);
  const choice = choose(authorization, context);
  const challenge = await prepare(authorization, choice, context);
  try {
    await present(challenge, choice, context);
    // One that an earlier process answered is being looked at already.
    if (choice.offered.status === 'pending') await session.answer(choice.offered);
    const judged = await judgement(authorization, challenge.host, context);
    if (judged.status === 'valid') return choice.kind;
    throw refusal(judged, choice.kind);
  } finally {
    await withdraw(challenge, choice.responder, context.logger);
  }
}

function choose(authorization: Authorization, context: AuthorizationContext): Choice {
  const usable = context.kinds.flatMap((kind): Choice[] => {
    const offered = authorization.challenges.find(({ type }) => type === kind);
    const responder = context.responders.get(kind);
    return offered === undefined || responder === undefined ? [] : [{ kind, offered, responder }];
  });
  const choice = usable.find(({ offered }) => offered.status === 'processing') ?? usable[0];
  if (choice !== undefined) return choice;
  const host = shownName(authorization);
  const offered = authorization.challenges.map(({ type }) => type).join(', ');
  const challenge = { host, kind: undefined, problemType: undefined };
  throw new ChallengeError(
    'MIRRORGATE_ACME_NO_CHALLENGE',
    `for ${host} the CA offers ${offered}, of which none is set up here`,
    {
      challenge,
      hint: authorization.isWildcard
        ? 'wildcards need dns-01: set dns.command'
        : 'permit one of them in challenges, and set up what it needs',
    },
  );
}

async function prepare(
  authorization: Authorization,
  { kind, offered: { token } }: Choice,
  { session, clock }: AuthorizationContext,
): Promise<Challenge> {
  const keyAuthorization = await session.keyAuthorization(token);
  const host = nameOf(authorization.identifier);
  return makeChallenge({ kind, host, token, keyAuthorization, clock });
}

async function present(
  challenge: Challenge,
  { responder }: Choice,
  { logger, signal }: AuthorizationContext,
): Promise<void> {
  const { kind, host } = challenge;
  try {
    await responder.present(challenge, signal);
  } catch (cause) {
    signal.throwIfAborted();
    throw new ChallengeError(
      'MIRRORGATE_ACME_RESPONDER',
      `the ${kind} challenge for ${host} cannot be put up: ${errorMessage(cause)}`,
      {
        cause,
        challenge: { host, kind, problemType: undefined },
        hint: 'the order is kept and taken up again',
      },
    );
  }
  logger.debug('ACME challenge presented', { host, challenge: kind });
}

async function withdraw(
  challenge: Challenge,
  responder: ChallengeResponder,
  logger: Logger,
): Promise<void> {
  try {
    await responder.withdraw(challenge);
  } catch (error) {
    const { kind, host } = challenge;
    logger.warn('ACME challenge not withdrawn', { host, challenge: kind, ...errorFields(error) });
  }
}

function judgement(
  { url }: Authorization,
  host: string,
  { session, clock, deadlineMs, signal }: AuthorizationContext,
): Promise<Authorization> {
  return pollUntil({
    ask: () => session.authorization(url),
    isDone: ({ status }) => status !== 'pending',
    deadlineMs,
    what: `the CA's judgement on ${host}`,
    clock,
    signal,
  });
}

function refusal(authorization: Authorization, kind: ChallengeKind | undefined): ChallengeError {
  const host = shownName(authorization);
  const failed = authorization.challenges.find(({ status }) => status === 'invalid');
  const document = problemDocument.safeParse(failed?.error);
  const problem = document.success ? problemFacts(document.data, 0) : undefined;
  const type = problem?.type ?? authorization.status;
  const used = kind ?? failed?.type ?? 'an earlier challenge';
  return new ChallengeError(
    'MIRRORGATE_ACME_CHALLENGE',
    `the CA could not verify ${host} by ${used}: ${problem?.detail ?? authorization.status} (${type})`,
    { challenge: { host, kind, problemType: type }, hint: refusalHint(type, host, used) },
  );
}

function refusalHint(type: string, host: string, kind: string): string {
  const port = kind === 'tls-alpn-01' ? 443 : 80;
  if (kind === 'dns-01') return `see that dns.command publishes the record in the zone of ${host}`;
  switch (type) {
    case 'dns':
      return `see that ${host} resolves, from anywhere, to the public address of this machine`;
    case 'connection':
    case 'tls':
      return `see that port ${port} of ${host} is open to the whole internet, on IPv6 too where it has an AAAA record`;
    case 'caa':
      return `the CAA record of ${host} forbids this CA: add it there, or choose another CA`;
    default:
      return `see that ${host} leads to this machine and that no other server answers on port ${port}`;
  }
}

function shownName(authorization: Authorization): string {
  return `${authorization.isWildcard ? '*.' : ''}${nameOf(authorization.identifier)}`;
}
