/**
 * The private CA of a running gate: opened once, rotated in time, told what the edges see of its
 * clients. Reloads change what it is asked for, never the CA itself.
 */
import { Authority } from '../ca/authority.ts';
import { incomingRoot } from '../ca/authority-state.ts';
import type { Bundle } from '../ca/bundle.ts';
import type { ClientTrust } from '../ca/client-evidence.ts';
import { ClientSightings, type ClientSighting } from '../ca/client-sightings.ts';
import { RotationRunner } from '../ca/rotation-runner.ts';
import { fingerprint } from '../certificates/certificate-facts.ts';
import type { Configuration } from '../config/configuration.ts';
import { readPassphrase } from '../config/passphrase.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import { caOperations, caStatus, type CaParts, type CaStatus } from './ca-operations.ts';
import type { ControlCommands } from './control-server.ts';
import { releasedAt } from './version.ts';

export interface PrivateCaOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told what clients are to trust from now on; who signs, or the chain above, may be another. */
  readonly onChange: (bundle: Bundle) => void;
}

interface Opened extends CaParts {
  readonly sightings: ClientSightings;
}

export class PrivateCa {
  readonly #options: PrivateCaOptions;
  #opened: Opened | undefined;

  constructor(options: PrivateCaOptions) {
    this.#options = options;
  }

  /**
   * The CA, opened and on the very first start made, as far as it permits what is configured.
   * Nothing is rotated before {@link follow}.
   * @throws MirrorgateError as {@link Authority.open}, `MIRRORGATE_CA_PASSPHRASE`
   */
  async use(configuration: Configuration): Promise<Authority> {
    const { permitted, leafLifetimeMs } = configuration.certificates.privateCa;
    if (this.#opened === undefined) {
      this.#opened = await this.#open(configuration);
      return this.#opened.authority;
    }
    const { authority } = this.#opened;
    authority.assertPermits(permitted);
    await authority.admitLeaves(leafLifetimeMs);
    return authority;
  }

  /** Rotates by this configuration from now on. Resolves when what was due is done. */
  async follow({ certificates }: Configuration): Promise<void> {
    this.#opened?.runner.configure(certificates.privateCa);
    await this.#opened?.runner.look();
  }

  note(sightings: readonly ClientSighting[]): void {
    this.#opened?.sightings.note(sightings);
    this.#opened?.runner.noticeClients();
  }

  /** Undefined where no host uses it. */
  status(): CaStatus | undefined {
    return this.#opened && caStatus(this.#opened);
  }

  /** Who asks of many clients keeps what this returns, since it looks up the root once. */
  clientTrust(): (address: string) => ClientTrust {
    if (this.#opened === undefined) return () => 'unknown';
    const { authority, sightings } = this.#opened;
    const root = incomingRoot(authority.state.roots);
    const incoming = root && fingerprint(root.certificate);
    return (address) => sightings.trustOf(address, incoming);
  }

  commands(): ControlCommands {
    return Object.fromEntries(
      Object.entries(caOperations).map(([name, operate]) => [
        name,
        async (detail: unknown) => operate(this.#parts(), detail),
      ]),
    );
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await this.#opened?.runner.close();
    await this.#opened?.sightings.close();
  }

  #parts(): CaParts {
    if (this.#opened !== undefined) return this.#opened;
    throw new MirrorgateError('MIRRORGATE_CA_ABSENT', 'no host of this gate uses the private CA', {
      hint: 'set issuer: private-ca for a host',
    });
  }

  async #open({ certificates, stateDirectory }: Configuration): Promise<Opened> {
    const { clock, logger, onChange } = this.#options;
    const { directory, privateCa } = certificates;
    const sightings = await ClientSightings.open({ directory: stateDirectory, clock, logger });
    const passphrase = privateCa.passphrase && readPassphrase(privateCa.passphrase);
    const authority = await Authority.open({
      ...{ directory, clock, logger, passphrase },
      configuration: privateCa,
      builtAt: releasedAt,
    });
    passphrase?.fill(0);
    sightings.published(authority.bundle());
    authority.onChange(() => {
      sightings.published(authority.bundle());
      onChange(authority.bundle());
    });
    const runner = new RotationRunner({
      ...{ authority, clock, logger },
      configuration: privateCa,
      evidence: sightings,
    });
    return { authority, runner, sightings };
  }
}
