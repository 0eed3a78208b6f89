/** An ACME issuer with CAs within the process, by a clock of the test's own; restarts at will. */
import type { AcmeCa } from '../../../lib/acme/acme-ca.ts';
import { acmeIssuer, type AcmeSite } from '../../../lib/acme/acme-issuer.ts';
import { AcmeState } from '../../../lib/acme/acme-state.ts';
import type { ChallengeKind, ChallengeResponders } from '../../../lib/acme/challenge.ts';
import { certificateNames, isSameSet } from '../../../lib/acme/identifiers.ts';
import type { IssuanceRecord } from '../../../lib/acme/issuance-record.ts';
import type { CertifiedKey, IssueOptions, Issuer } from '../../../lib/certificates/issuer.ts';
import type { HostName } from '../../../lib/net/host-name.ts';
import { SeededRandom } from '../edge/seeded-random.ts';
import { ManualClock } from '../manual-clock.ts';
import { recordedLog } from '../recorded-log.ts';
import { hostNames } from '../test-certificates.ts';
import { FakeCa, FakeResponder } from './fake-ca.ts';
import { memoryAcmeStore } from './memory-stores.ts';

const defaults: Omit<AcmeCa, 'directory'> = {
  staging: undefined,
  email: 'ops@example.com',
  agreesToTerms: true,
  externalAccount: undefined,
  profile: undefined,
  preferredChain: undefined,
  rootsPem: undefined,
};

/** A CA as configured: for Let's Encrypt's sake everything but the directory has a usual value. */
export function acmeCa(directory: string, settings: Partial<AcmeCa> = {}): AcmeCa {
  return { ...defaults, directory, ...settings };
}

/** Sites that are certified for their hosts, as they are. */
export function acmeSites(
  sites: readonly (readonly HostName[])[],
  challenges: readonly ChallengeKind[] = ['http-01', 'tls-alpn-01'],
): AcmeSite[] {
  return sites.map((hosts) => ({ hosts, names: certificateNames(hosts), challenges }));
}

export class AcmeBench {
  readonly clock = new ManualClock();
  readonly responder = new FakeResponder();
  readonly logger = recordedLog();
  readonly store = memoryAcmeStore();
  readonly servers = new Map<string, FakeCa>();
  readonly random = new SeededRandom(7);
  cas: [AcmeCa, ...AcmeCa[]];
  sites = acmeSites([hostNames('hub.example.test')]);
  state = new AcmeState(this.store);

  /** With one CA of this name; see {@link addCa}. */
  constructor(name = 'ca') {
    this.cas = [this.#configure(name, {})];
  }

  /** The server behind the first CA. */
  get ca(): FakeCa {
    return this.server(0);
  }

  server(index: number): FakeCa {
    const server = this.servers.get(this.cas[index]?.directory ?? '');
    if (server === undefined) throw new TypeError(`there is no CA ${index}`);
    return server;
  }

  /** A CA to ask after those that there are. */
  addCa(name: string, settings: Partial<AcmeCa> = {}): FakeCa {
    this.cas.push(this.#configure(name, settings));
    return this.server(this.cas.length - 1);
  }

  /** A staging copy of the first CA. */
  addStaging(): FakeCa {
    const { directory } = this.#configure('staging', {});
    this.cas[0] = { ...this.cas[0], staging: directory };
    const server = this.servers.get(directory);
    if (server === undefined) throw new TypeError('no staging');
    return server;
  }

  get hosts(): readonly HostName[] {
    return this.sites[0]?.hosts ?? [];
  }

  issuer(): Issuer {
    const responders: ChallengeResponders = new Map([
      ['http-01', this.responder],
      ['tls-alpn-01', this.responder],
      ['dns-01', this.responder],
    ]);
    return acmeIssuer({
      cas: this.cas,
      sites: this.sites,
      keyType: 'p256',
      responders,
      state: this.state,
      clock: this.clock,
      logger: this.logger,
      random: () => this.random.below(1_000_000) / 1_000_000,
      connect: ({ directory }) => {
        const server = this.servers.get(directory);
        if (server === undefined) throw new TypeError(`nobody is at ${directory}`);
        return server;
      },
    });
  }

  /** As the keeper does, for the first site. */
  issue(options: IssueOptions = {}): Promise<CertifiedKey> {
    return this.issuer().issue(this.hosts, new AbortController().signal, options);
  }

  dueAt(held: CertifiedKey): Promise<Date> {
    return this.issuer().dueAt(held, this.hosts);
  }

  /** What is remembered of the first site. */
  record(): Promise<IssuanceRecord> {
    return this.state.record(this.sites[0]?.names ?? []);
  }

  /** As a new process finds it: only what was stored is known. */
  restart(): void {
    this.state = new AcmeState(this.store);
  }

  /** Orders for exactly these names, at any of the CAs. */
  ordersFor(names: readonly string[]): number {
    const orders = [...this.servers.values()].flatMap((server) => server.orders);
    return orders.filter(({ identifiers }) =>
      isSameSet(
        identifiers.map(({ value }) => value),
        names,
      ),
    ).length;
  }

  #configure(name: string, settings: Partial<AcmeCa>): AcmeCa {
    const server = new FakeCa(name, { clock: this.clock, responder: this.responder });
    this.servers.set(server.url, server);
    return acmeCa(server.url, settings);
  }
}
