/** A gate whose certificates come from a real CA beside it: pebble, which validates at its ports. */
import { writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Gate, type GateOptions, type LogLine } from '../lab/gate.ts';
import { runCommand } from '../lab/command.ts';
import { freePort } from '../lab/free-port.ts';
import { OpenParts } from '../lab/open-parts.ts';
import { machine, type Place } from '../lab/place.ts';
import { poll } from '../lab/polling.ts';
import { TemporaryDirectory } from '../lab/temporary-directory.ts';
import type { Target } from '../app/gate-client.ts';
import { mirrorgate } from '../app/program.ts';
import { FakeRegistry } from '../upstream/fake-registry.ts';
import { NameServer } from './name-server.ts';
import { Pebble, type PebbleOptions } from './pebble.ts';

export const hubHost = 'hub.example.test';
export const ghcrHost = 'ghcr.example.test';

/** `certificates.directory`, as a path from the configuration. */
const defaultDirectory = 'certs';

type AcmeSettings = Readonly<Record<string, unknown>>;

export interface AcmeLabOptions {
  /** Keys of `certificates.acme` in place of or beside those that lead to pebble. */
  readonly acme?:
    AcmeSettings | ((names: NameServer, pebble: Pebble) => AcmeSettings | Promise<AcmeSettings>);
  /** `certificates.directory`; in the folder of the gate unless told. */
  readonly certificates?: string;
  /** What the name server is told before anything asks it. */
  readonly before?: (names: NameServer) => Promise<void>;
  readonly gate?: Partial<GateOptions>;
  readonly pebble?: Partial<PebbleOptions>;
  /** Of a registry behind the mirrors; a fake one unless told. */
  readonly upstream?: string;
}

export interface CertificateRow {
  readonly site: string;
  readonly issuer: string;
  readonly serial?: string;
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly dueAt?: string;
  readonly lastError?: string;
  readonly outlook?: {
    readonly failures: number;
    readonly nextAttemptAt?: string;
    readonly window?: { readonly start: string; readonly end: string };
  };
}

export class AcmeLab {
  readonly names: NameServer;
  readonly pebble: Pebble;
  readonly gate: Gate;
  readonly registry: FakeRegistry;
  readonly #place: Place;
  readonly #certificates: string;
  readonly #parts: OpenParts;

  private constructor(
    parts: Pick<AcmeLab, 'names' | 'pebble' | 'gate' | 'registry'>,
    options: AcmeLabOptions,
    open: OpenParts,
  ) {
    this.names = parts.names;
    this.pebble = parts.pebble;
    this.gate = parts.gate;
    this.registry = parts.registry;
    this.#place = options.gate?.place ?? machine;
    this.#certificates = resolve(
      dirname(this.gate.configurationFile),
      options.certificates ?? defaultDirectory,
    );
    this.#parts = open;
  }

  static async start(options: AcmeLabOptions = {}): Promise<AcmeLab> {
    const parts = new OpenParts();
    try {
      const names = await parts.add(NameServer.start());
      await options.before?.(names);
      const registry = await parts.add(FakeRegistry.start());
      const directory = await parts.add(TemporaryDirectory.create('acme'));
      const ports = { httpsPort: await freePort(), httpPort: await freePort() };
      const pebble = await parts.add(
        Pebble.start({
          httpPort: ports.httpPort,
          tlsPort: ports.httpsPort,
          nameServer: names.address,
          ...options.pebble,
        }),
      );
      await writeFile(directory.join('roots.pem'), pebble.rootsPem);
      const upstream = options.upstream ?? registry.url;
      const { acme } = options;
      const settings = typeof acme === 'function' ? await acme(names, pebble) : acme;
      const gate = await parts.add(
        Gate.start({
          ...ports,
          mirrors: [
            { name: 'hub', registry: 'docker.io', upstream, hosts: [hubHost] },
            { name: 'ghcr', registry: 'ghcr.io', upstream, hosts: [ghcrHost] },
          ],
          ...options.gate,
          settings: {
            certificates: {
              directory: options.certificates ?? defaultDirectory,
              issuer: 'acme',
              acme: {
                directory: pebble.directoryUrl,
                email: 'ops@example.com',
                agreeToTerms: true,
                trust: { file: directory.join('roots.pem') },
                ...settings,
              },
            },
            ...options.gate?.settings,
          },
        }),
      );
      return new AcmeLab({ names, pebble, gate, registry }, options, parts);
    } catch (error) {
      await parts.close();
      throw error;
    }
  }

  /** Resolves when `host` is served under what the CA issued. */
  async untilServed(host: string, deadlineMs = 30_000): Promise<Target> {
    const target = { port: this.gate.httpsPort, host, ca: await this.pebble.issuingRoot() };
    await this.obtained(deadlineMs, host);
    return target;
  }

  /** Lines of the log about certificates that were obtained, once there is one for `host`. */
  async obtained(deadlineMs: number, host: string): Promise<readonly LogLine[]> {
    const lines = (): LogLine[] =>
      this.gate
        .log()
        .filter(({ event, names }) => event === 'certificate obtained' && isList(names, host));
    return await poll(() => (lines().length > 0 ? lines() : undefined), {
      deadlineMs,
      what: `certificate for ${host}; the log:\n${JSON.stringify(this.gate.log().slice(-12), undefined, 1)}`,
    });
  }

  /**
   * Has the gate begin anew with the certificates that it has and another account. Pebble takes a
   * valid authorization of the same account again for one order in a hundred, however it is set
   * (`rand.Intn(100) > 0`): without this no test may count on a validation of a name it has had.
   */
  async takeAnotherAccount(): Promise<void> {
    await this.gate.stop();
    await runCommand(this.#place, ['rm', '-r', join(this.#certificates, 'acme', 'accounts')]);
    await this.gate.resume();
  }

  /** How many orders the CA was asked for. */
  orders(): number {
    return this.pebble.log.filter((line) => line.includes('Added order')).length;
  }

  /** `mirrorgate cert list`. */
  async certificates(): Promise<readonly CertificateRow[]> {
    const { stdout } = await mirrorgate(
      ...['cert', 'list', '--json', '--config', this.gate.configurationFile],
    );
    return (JSON.parse(stdout) as { certificates: CertificateRow[] }).certificates;
  }

  async close(): Promise<void> {
    await this.gate.kill();
    await this.#parts.close();
  }
}

function isList(value: unknown, member: string): boolean {
  return Array.isArray(value) && value.includes(member);
}
