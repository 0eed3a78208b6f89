/**
 * One edge: its listeners, who is connected, and what they are answered. Everything it knows is
 * given to it and can be given anew while it runs; it reads and writes no file.
 */
import { isDeepStrictEqual } from 'node:util';
import type { AllowList } from '../access/allow-list.ts';
import type { CertifiedKey } from '../certificates/issuer.ts';
import { endpointText, type TcpEndpoint } from '../net/endpoint.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import { Connections } from './connections.ts';
import { Gateway, type GatewayState } from './gateway.ts';
import { HttpsListener, type AddressRole } from './https-listener.ts';
import { PlainListener, type PlainListenerOptions } from './plain-listener.ts';
import { Router } from './router.ts';
import { ServiceProxy } from './service-proxy.ts';
import type { EdgeSettings, TrustDocuments } from './settings.ts';
import { SiteContexts } from './site-contexts.ts';
import { SlowReaders } from './slow-readers.ts';
import { WorkerLink } from './worker-link.ts';

export interface EdgeOptions {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** An address that is listened on; `port` is the real one where the endpoint's is 0. */
export interface BoundAddress {
  readonly endpoint: TcpEndpoint;
  readonly port: number;
  readonly secure: boolean;
  readonly mirror: string | undefined;
}

/** An address that could not be listened on. */
export interface ListenFailure {
  readonly endpoint: TcpEndpoint;
  readonly error: Error;
}

/** An address as the settings want it. */
interface Address {
  /** What cannot change while it is open: its kind and endpoint. */
  readonly key: string;
  readonly endpoint: TcpEndpoint;
  /** Undefined for plain http. */
  readonly role: AddressRole | undefined;
}

interface OpenAddress extends Address {
  readonly port: number;
  readonly listener: HttpsListener | PlainListener;
}

const idleSweepMs = 200;

export class Edge {
  readonly #logger: Logger;
  readonly #connections: Connections;
  readonly #contexts = new SiteContexts();
  readonly #slowReaders = new SlowReaders();
  readonly #services: ServiceProxy;
  readonly #gateway: Gateway;
  #open: readonly OpenAddress[] = [];
  #settings: EdgeSettings | undefined;
  #state: GatewayState | undefined;
  #trust: TrustDocuments | undefined;
  #isDraining = false;

  constructor({ clock, logger }: EdgeOptions) {
    this.#logger = logger;
    this.#connections = new Connections({ clock, logger });
    this.#services = new ServiceProxy(logger);
    this.#gateway = new Gateway(
      {
        logger,
        services: this.#services,
        onResponse: (response) => {
          if (this.#isDraining) response.setHeader('connection', 'close');
          this.#slowReaders.watch(response);
        },
      },
      () => this.#currentState(),
    );
  }

  setAllowList(allowList: AllowList | undefined): void {
    this.#connections.setAllowList(allowList);
  }

  /** Takes a certificate into use for new handshakes of `site`. */
  setCertificate(site: string, certificate: CertifiedKey): void {
    this.#contexts.setCertificate(site, certificate);
    for (const { listener } of this.#open) {
      if (listener instanceof HttpsListener) listener.refresh();
    }
  }

  setTrust(trust: TrustDocuments | undefined): void {
    this.#trust = trust;
    if (this.#state !== undefined) this.#state = { ...this.#state, trust };
  }

  /**
   * Opens new listeners, closes those that are gone without cutting their connections, and routes
   * by `settings` from the next request on. Returns the addresses that could not be opened.
   */
  async configure(settings: EdgeSettings): Promise<ListenFailure[]> {
    const before = this.#settings;
    const state = this.#state;
    this.#settings = settings;
    this.#contexts.setSites(settings.sites);
    this.#connections.setAdmitsStrangers(settings.caAccess === 'public');
    const keepsWorkers = isDeepStrictEqual(before?.workers, settings.workers);
    const workers =
      keepsWorkers && state !== undefined
        ? state.workers
        : settings.workers.map((path) => new WorkerLink(path));
    const failures = await this.#listen(settings);
    const shared = this.#open.find(({ role }) => role !== undefined && role.mirror === undefined);
    this.#state = {
      settings,
      router: new Router(settings),
      workers,
      trust: this.#trust,
      httpsPort: shared?.port ?? 443,
    };
    if (!keepsWorkers) {
      for (const worker of state?.workers ?? []) {
        worker.close().catch((error: unknown) => {
          this.#logger.warn('worker link not closed', errorFields(error));
        });
      }
    }
    return failures;
  }

  /** The addresses that are open, with the ports actually bound. */
  get addresses(): readonly BoundAddress[] {
    return this.#open.map(({ endpoint, role, port }) => ({
      endpoint,
      port,
      secure: role !== undefined,
      mirror: role?.mirror,
    }));
  }

  /** Accepts nothing new, lets answers in flight end, and cuts what is left after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.#isDraining = true;
    const sweep = setInterval(() => {
      for (const { listener } of this.#open) listener.closeIdleConnections();
    }, idleSweepMs);
    const deadline = setTimeout(() => this.#connections.close(), graceMs);
    await Promise.all(this.#open.map(({ listener }) => listener.close()));
    clearTimeout(deadline);
    clearInterval(sweep);
    this.#connections.close();
    this.#slowReaders.close();
    this.#services.close();
    await Promise.all((this.#state?.workers ?? []).map((worker) => worker.close()));
  }

  async #listen(settings: EdgeSettings): Promise<ListenFailure[]> {
    const wanted = wantedAddresses(settings);
    const kept: OpenAddress[] = [];
    for (const open of this.#open) {
      const address = wanted.find(({ key }) => key === open.key);
      if (address === undefined) {
        this.#closeListener(open.listener);
        continue;
      }
      if (open.listener instanceof HttpsListener && address.role !== undefined) {
        open.listener.setRole(address.role);
      }
      kept.push({ ...open, ...address });
    }
    const failures: ListenFailure[] = [];
    for (const address of wanted) {
      if (kept.some(({ key }) => key === address.key)) continue;
      const listener = this.#createListener(address, settings.sharesPorts);
      try {
        kept.push({ ...address, listener, port: await listener.listen() });
      } catch (error) {
        failures.push({ endpoint: address.endpoint, error: error as Error });
      }
    }
    this.#open = kept;
    return failures;
  }

  #closeListener(listener: HttpsListener | PlainListener): void {
    listener.close().catch((error: unknown) => {
      this.#logger.warn('listener not closed', errorFields(error));
    });
  }

  #createListener({ endpoint, role }: Address, sharesPort: boolean): HttpsListener | PlainListener {
    const gateway = this.#gateway;
    const options = {
      endpoint,
      sharesPort,
      connections: this.#connections,
      onError: (error: Error) => {
        const address = endpointText(endpoint);
        this.#logger.error('cannot accept connections', { address, ...errorFields(error) });
      },
    };
    if (role !== undefined) {
      return new HttpsListener({ ...options, role, contexts: this.#contexts, handler: gateway });
    }
    const handle: PlainListenerOptions['handle'] = (...exchange) => gateway.plain(...exchange);
    return new PlainListener({ ...options, handle });
  }

  #currentState(): GatewayState {
    if (this.#state === undefined) throw new TypeError('an edge serves only after configure()');
    return this.#state;
  }
}

function wantedAddresses({ https, http, sites }: EdgeSettings): Address[] {
  // The universal hosts come first among the sites: they suit every client without a server name.
  const shared = sites[0]?.name ?? '';
  return [
    ...https.map(({ endpoint, mirror }) => {
      const own = sites.some(({ name }) => name === mirror) ? mirror : undefined;
      const role = { mirror, defaultSite: own ?? shared };
      return { key: `https ${endpointText(endpoint)}`, endpoint, role };
    }),
    ...http.map((endpoint) => ({
      key: `http ${endpointText(endpoint)}`,
      endpoint,
      role: undefined,
    })),
  ];
}
