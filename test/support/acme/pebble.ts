/** Pebble, the test CA of Let's Encrypt, as Debian packages it or newer; on ports of its own. */
import { writeFile } from 'node:fs/promises';
import { caExchange, type CaExchange } from '../../../lib/acme/exchange.ts';
import type { CertifiedKey } from '../../../lib/certificates/issuer.ts';
import { systemClock } from '../../../lib/time/clock.ts';
import { Daemon } from '../lab/daemon.ts';
import { freePort } from '../lab/free-port.ts';
import { machine } from '../lab/place.ts';
import { TemporaryDirectory } from '../lab/temporary-directory.ts';
import { testCertifiedKey, testRoot } from '../test-certificates.ts';

export interface PebbleOptions {
  /** `/usr/bin/pebble` unless told. */
  readonly program?: string;
  /** Where it validates: ports on whatever address a name resolves to. */
  readonly httpPort: number;
  readonly tlsPort: number;
  /** Address and port of the name server that it asks. */
  readonly nameServer: string;
  /** Settings beside the usual ones: those of its configuration file. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /**
   * `PEBBLE_…`; it neither sleeps nor rejects nonces unless told, and uses an authorization again
   * for one order in a hundred: no setting of it says never.
   */
  readonly environment?: Readonly<Record<string, string>>;
}

const calm = {
  PEBBLE_VA_NOSLEEP: '1',
  PEBBLE_WFE_NONCEREJECT: '0',
  PEBBLE_AUTHZREUSE: '0',
};

/** For its own TLS; what it issues is under a root that it makes at each start. */
const root = testRoot({ name: 'Pebble TLS', permitted: ['127.0.0.0/8'], now: new Date() });

/** A key and certificate for whatever stands in for the CA at 127.0.0.1. */
export function pebbleTls(): CertifiedKey {
  return testCertifiedKey(['127.0.0.1'], { root, now: new Date() });
}

export class Pebble {
  readonly directoryUrl: string;
  /** PEM of the root to trust for the CA itself. */
  readonly rootsPem = root.certificate.toString();
  readonly #options: PebbleOptions;
  readonly #ports: { readonly acme: number; readonly management: number };
  readonly #folder: TemporaryDirectory;
  readonly #exchange: CaExchange;
  #daemon: Daemon;

  private constructor(
    options: PebbleOptions,
    ports: { readonly acme: number; readonly management: number },
    folder: TemporaryDirectory,
  ) {
    this.#options = options;
    this.#ports = ports;
    this.#folder = folder;
    this.directoryUrl = `https://127.0.0.1:${ports.acme}/dir`;
    this.#exchange = caExchange({ rootsPem: this.rootsPem, clock: systemClock });
    this.#daemon = this.#run(options.environment);
  }

  static async start(options: PebbleOptions): Promise<Pebble> {
    const folder = await TemporaryDirectory.create('pebble');
    const ports = { acme: await freePort(), management: await freePort() };
    const { chainPem, privateKeyPem } = pebbleTls();
    await writeFile(folder.join('tls.crt'), chainPem);
    await writeFile(folder.join('tls.key'), privateKeyPem);
    const pebble = {
      listenAddress: `127.0.0.1:${ports.acme}`,
      managementListenAddress: `127.0.0.1:${ports.management}`,
      certificate: folder.join('tls.crt'),
      privateKey: folder.join('tls.key'),
      httpPort: options.httpPort,
      tlsPort: options.tlsPort,
      ocspResponderURL: '',
      retryAfter: { authz: 0, order: 0 },
      ...options.settings,
    };
    await writeFile(folder.join('pebble.json'), JSON.stringify({ pebble }));
    const started = new Pebble(options, ports, folder);
    await started.#untilReady();
    return started;
  }

  /** Everything that it printed since it was started last. */
  get log(): readonly string[] {
    return this.#daemon.stdout;
  }

  /** PEM of a root of what it issues; higher numbers are the alternatives. */
  async issuingRoot(number = 0): Promise<string> {
    return String(await this.#manage(`/roots/${number}`));
  }

  /** PEM of an intermediate, numbered as the roots. */
  async issuingIntermediate(number = 0): Promise<string> {
    return String(await this.#manage(`/intermediates/${number}`));
  }

  /** Answers renewal information for this certificate by `response` from now on. */
  async setRenewalInfo(certificatePem: string, response: unknown): Promise<void> {
    const ARIResponse = JSON.stringify(response);
    await this.#manage('/set-renewal-info/', { Certificate: certificatePem, ARIResponse });
  }

  async stop(): Promise<void> {
    await this.#daemon.kill();
  }

  /** Starts it again after {@link stop}: it has forgotten everything, its roots included. */
  async restart(environment = this.#options.environment): Promise<void> {
    this.#daemon = this.#run(environment);
    await this.#untilReady();
  }

  async close(): Promise<void> {
    await this.#daemon.kill();
    await this.#folder.close();
  }

  #run(environment: PebbleOptions['environment']): Daemon {
    const { program = '/usr/bin/pebble', nameServer } = this.#options;
    const configuration = this.#folder.join('pebble.json');
    return new Daemon({
      name: 'pebble',
      place: machine,
      command: [program, '-config', configuration, '-dnsserver', nameServer],
      environment: { ...calm, ...environment },
    });
  }

  async #untilReady(): Promise<void> {
    await this.#daemon.waitFor('ACME directory', async () => {
      try {
        const { signal } = new AbortController();
        await this.#exchange({ method: 'GET', url: this.directoryUrl, signal });
        return true;
      } catch {
        // Not listening yet.
        return undefined;
      }
    });
  }

  async #manage(path: string, body?: unknown): Promise<unknown> {
    const { data } = await this.#exchange({
      method: body === undefined ? 'GET' : 'POST',
      url: `https://127.0.0.1:${this.#ports.management}${path}`,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: new AbortController().signal,
    });
    return data;
  }
}
