/**
 * One edge: its listeners, who is connected, and what they are answered. Everything it knows is
 * given to it and can be given anew while it runs; it writes no file, and reads none but content.
 */
import type { AllowList } from '../access/allow-list.ts';
import type { BudgetOrders, UsageReport } from '../budget/usage.ts';
import type { CertifiedKey } from '../certificates/issuer.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import type { BoundAddress } from './addresses.ts';
import { AnswerMemory } from './answer-memory.ts';
import { CaDocuments } from './ca-documents.ts';
import { Challenges } from './challenges.ts';
import { Connections } from './connections.ts';
import { Denials } from './denials.ts';
import { FileSender } from './file-sender.ts';
import { Gateway, type GatewayState } from './gateway.ts';
import type { Limits } from './limits.ts';
import type { EdgeObserver } from './observer.ts';
import { OpenAddresses, type ListenFailure } from './open-addresses.ts';
import { Router } from './router.ts';
import { ServiceProxy } from './service-proxy.ts';
import type { EdgeSettings, TrustDocuments } from './settings.ts';
import { SiteContexts } from './site-contexts.ts';
import { SlowReaders } from './slow-readers.ts';
import { Traffic } from './traffic.ts';
import { TrustWatch } from './trust-watch.ts';
import { linkWorkers } from './worker-link.ts';

export interface EdgeOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: Limits;
  readonly observer?: EdgeObserver;
  /** Told about once a second what was sent to whom. */
  readonly onUsage?: (report: UsageReport) => void;
}

export class Edge {
  readonly challenges = new Challenges();
  readonly #logger: Logger;
  readonly #traffic: Traffic;
  readonly #denials = new Denials();
  readonly #connections: Connections;
  readonly #contexts = new SiteContexts();
  readonly #slowReaders: SlowReaders;
  readonly #services: ServiceProxy;
  readonly #sender = new FileSender();
  readonly #memory = new AnswerMemory();
  readonly #gateway: Gateway;
  readonly #trust: TrustWatch;
  readonly #addresses: OpenAddresses;
  #state: GatewayState | undefined;
  #caDocuments = new CaDocuments(undefined);

  constructor(options: EdgeOptions) {
    const { clock, logger, limits, observer, onUsage } = options;
    this.#logger = logger;
    this.#traffic = new Traffic({ clock, onReport: (report) => onUsage?.(report) });
    this.#connections = new Connections({
      ...{ clock, logger, limits, traffic: this.#traffic },
      onDenied: (client, reason) => {
        this.#denials.count(client);
        observer?.denied(client, reason);
      },
    });
    this.#slowReaders = new SlowReaders(limits);
    this.#services = new ServiceProxy({
      ...{ logger, limits },
      onUpgrade: (socket) => this.#slowReaders.watch(socket),
    });
    this.#trust = new TrustWatch(this.#contexts, (sighting) => observer?.sighted(sighting));
    this.#gateway = new Gateway(
      {
        logger,
        limits,
        services: this.#services,
        allowance: this.#traffic.allowance,
        memory: this.#memory,
        trust: this.#trust,
        connections: this.#connections,
        onRequest: (socket) => this.#slowReaders.watch(socket),
        onFinished: (exchange) => observer?.finished(exchange),
      },
      () => this.#currentState(),
    );
    this.#addresses = new OpenAddresses({
      connections: this.#connections,
      contexts: this.#contexts,
      trust: this.#trust,
      challenges: this.challenges,
      gateway: this.#gateway,
      limits,
      logger,
      answersHttpChallenges: () => this.#state?.settings.answersHttpChallenges === true,
    });
  }

  setAllowList(allowList: AllowList | undefined): void {
    this.#connections.setAllowList(allowList);
  }

  /** Takes a certificate into use for new handshakes of `site`. */
  setCertificate(site: string, certificate: CertifiedKey): void {
    this.#contexts.setCertificate(site, certificate);
    this.#addresses.refresh();
  }

  /** Tickets from now on are made with these 48 bytes; those made with others open nothing. */
  setTicketKeys(keys: Uint8Array): void {
    this.#contexts.setTicketKeys(keys);
    this.#addresses.refresh();
  }

  /** What the budget lets through, from the next request and byte on. */
  setOrders(orders: BudgetOrders): void {
    this.#traffic.setOrders(orders);
  }

  setTrust(trust: TrustDocuments | undefined): void {
    this.#contexts.setClientRoots(trust?.clientRoots ?? []);
    this.#addresses.refresh();
    const caDocuments = new CaDocuments(trust);
    this.#caDocuments = caDocuments;
    if (this.#state !== undefined) this.#state = { ...this.#state, caDocuments };
  }

  /**
   * Opens new listeners, closes those that are gone without cutting their connections, and routes
   * by `settings` from the next request on. Returns the addresses that could not be opened.
   */
  async configure(settings: EdgeSettings): Promise<ListenFailure[]> {
    const state = this.#state;
    this.#contexts.setSites(settings.sites);
    this.#connections.setAdmitsStrangers(settings.caAccess === 'public');
    this.#connections.setTrustedProxies(settings.trustedProxies);
    const workers = linkWorkers(settings, this.#sender, state);
    // Before an address opens: clients are there in the same instant.
    this.#state = {
      settings,
      router: new Router(settings),
      workers,
      caDocuments: this.#caDocuments,
      httpsPort: state?.httpsPort ?? 443,
    };
    const failures = await this.#addresses.follow(settings);
    const shared = this.addresses.find(({ secure, mirror }) => secure && mirror === undefined);
    this.#state = { ...this.#state, httpsPort: shared?.port ?? 443 };
    this.#memory.forget();
    const gone = state === undefined || state.workers === workers ? [] : state.workers;
    for (const worker of gone) {
      worker.close().catch((error: unknown) => {
        this.#logger.warn('worker link not closed', errorFields(error));
      });
    }
    return failures;
  }

  /** Workers are asked again for everything: content was removed. */
  forgetAnswers(): void {
    this.#memory.forget();
  }

  /** The addresses that are open, with the ports actually bound. */
  get addresses(): readonly BoundAddress[] {
    return this.#addresses.bound;
  }

  /** Who was turned away how often since the start, the busiest first; at most 100. */
  get denials(): ReturnType<Denials['top']> {
    return this.#denials.top();
  }

  /** How many clients are connected. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Accepts nothing new, lets answers in flight end, and cuts what is left after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    const deadline = setTimeout(() => this.#connections.close(), graceMs);
    await this.#addresses.close();
    clearTimeout(deadline);
    this.#connections.close();
    this.#traffic.close();
    this.#slowReaders.close();
    this.#services.close();
    await Promise.all((this.#state?.workers ?? []).map((worker) => worker.destroy()));
  }

  #currentState(): GatewayState {
    if (this.#state === undefined) throw new TypeError('an edge serves only after configure()');
    return this.#state;
  }
}
