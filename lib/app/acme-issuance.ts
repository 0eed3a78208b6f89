/** ACME in a running gate: one memory for the life of the process, challenges shown by the edges. */
import type { AcmeCa } from '../acme/acme-ca.ts';
import { acmeFiles } from '../acme/acme-files.ts';
import { acmeIssuer } from '../acme/acme-issuer.ts';
import { AcmeState } from '../acme/acme-state.ts';
import type { Challenge, ChallengeKind, ChallengeResponder } from '../acme/challenge.ts';
import { dnsHook } from '../acme/dns-hook.ts';
import { certificateNames } from '../acme/identifiers.ts';
import { patiently } from '../acme/waiting.ts';
import type { Issuer } from '../certificates/issuer.ts';
import type { AcmeConfiguration, Site } from '../config/configuration.ts';
import type { EdgeChallenge } from '../edge/challenges.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import type { Fleet } from './fleet.ts';

export interface AcmeIssuanceOptions {
  /** `certificates.directory`. */
  readonly directory: string;
  readonly fleet: Pick<Fleet, 'presentChallenge' | 'withdrawChallenge'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class AcmeIssuance {
  readonly #state: AcmeState;
  readonly #edges: ChallengeResponder;
  readonly #clock: Clock;
  readonly #logger: Logger;

  constructor({ directory, fleet, clock, logger }: AcmeIssuanceOptions) {
    this.#state = new AcmeState(acmeFiles({ directory, clock, logger }));
    this.#edges = edgeResponder(fleet, clock);
    this.#clock = clock;
    this.#logger = logger;
  }

  /** For the sites of one configuration; those before it share its memory. */
  issuer(acme: AcmeConfiguration, sites: readonly Site[]): Issuer {
    const { cas, keyType, challenges, wildcards } = acme;
    const [first, ...others] = cas;
    return acmeIssuer({
      cas: [first, ...others] satisfies readonly [AcmeCa, ...AcmeCa[]],
      sites: sites.map(({ hosts }) => ({
        hosts,
        names: certificateNames(hosts, wildcards),
        challenges,
      })),
      keyType,
      responders: this.#responders(acme),
      state: this.#state,
      clock: this.#clock,
      logger: this.#logger,
    });
  }

  #responders({ dns }: AcmeConfiguration): ReadonlyMap<ChallengeKind, ChallengeResponder> {
    const responders = new Map<ChallengeKind, ChallengeResponder>([
      ['http-01', this.#edges],
      ['tls-alpn-01', this.#edges],
    ]);
    const [program, ...rest] = dns?.command ?? [];
    if (dns === undefined || program === undefined) return responders;
    const { environment, timeoutMs, propagationMs } = dns;
    return responders.set(
      'dns-01',
      dnsHook({
        command: [program, ...rest],
        environment,
        deadlineMs: timeoutMs,
        propagationMs,
        clock: this.#clock,
      }),
    );
  }
}

/** Every edge has it before the CA is told; one that is being restarted is waited for. */
function edgeResponder(fleet: AcmeIssuanceOptions['fleet'], clock: Clock): ChallengeResponder {
  return {
    async present(challenge, signal) {
      const shown = ofEdges(challenge);
      await patiently(() => fleet.presentChallenge(shown), isAway, { clock, signal });
    },
    withdraw: (challenge) => fleet.withdrawChallenge(ofEdges(challenge)),
  };
}

function ofEdges(challenge: Challenge): EdgeChallenge {
  if (challenge.kind !== 'dns-01') return challenge;
  throw new TypeError('edges answer no DNS');
}

function isAway(error: unknown): boolean {
  return error instanceof MirrorgateError && error.code === 'MIRRORGATE_APP_NO_ANSWER';
}
