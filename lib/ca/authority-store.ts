/**
 * The state of the CA in memory and on disk: what is in memory was written first, and changes come
 * one after the other. Its keys are open in memory unless they are under an unknown passphrase.
 */
import { authorityPaths } from '../certificates/certs-layout.ts';
import type { PrivateCaConfiguration } from '../config/configuration.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import { createAuthority, readAuthority, replaceAuthority } from './authority-file.ts';
import type { AuthorityState } from './authority-state.ts';
import { unsealAuthority } from './authority-text.ts';
import { lockedError } from './kept-key.ts';
import { assertClock } from './leaf-issuance.ts';
import { firstState } from './rotation-steps.ts';
import { makeSeal, workSeal, type Seal } from './seal.ts';

export interface ExistingAuthorityOptions {
  /** `certificates.directory`. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** When this program was built: no honest clock shows an earlier time. */
  readonly builtAt: Date;
  /** Opens the keys where they are sealed, and seals those of a new CA. */
  readonly passphrase?: Buffer | undefined;
}

export interface AuthorityOptions extends ExistingAuthorityOptions {
  readonly configuration: PrivateCaConfiguration;
  /** What a new CA begins with; a root of its own unless told. */
  readonly first?: AuthorityState;
}

/** What stands in the place of a state; undefined leaves it as it is. */
export type StateChange = (state: AuthorityState) => AuthorityState | undefined;

export class AuthorityStore {
  readonly #directory: string;
  readonly #logger: Logger;
  #state: AuthorityState;
  /** Undefined where the keys lie open, or stay sealed. */
  #seal: Seal | undefined;
  #updating: Promise<unknown> = Promise.resolve();

  private constructor(
    state: AuthorityState,
    seal: Seal | undefined,
    { directory, logger }: ExistingAuthorityOptions,
  ) {
    this.#state = state;
    this.#seal = seal;
    this.#directory = directory;
    this.#logger = logger;
  }

  /**
   * Undefined where there is no CA.
   * @throws MirrorgateError `MIRRORGATE_CA_DAMAGED`, `MIRRORGATE_CA_UNREADABLE`,
   *   `MIRRORGATE_CA_PASSPHRASE`, `MIRRORGATE_FILES_PERMISSIONS`
   */
  static async tryOpen(options: ExistingAuthorityOptions): Promise<AuthorityStore | undefined> {
    const { directory, logger, passphrase } = options;
    const state = await readAuthority(directory, logger);
    if (state === undefined) return undefined;
    if (passphrase === undefined) return new AuthorityStore(state, undefined, options);
    if (state.seal === undefined) {
      logger.warn('the key of the private CA lies open though a passphrase was given', {
        hint: 'mirrorgate ca passphrase seals it',
      });
      return new AuthorityStore(state, undefined, options);
    }
    const seal = await workSeal(passphrase, state.seal);
    return new AuthorityStore(unsealAuthority(state, seal), seal, options);
  }

  /**
   * Makes the CA. Where another process was faster, opens what that one made.
   * @throws MirrorgateError `MIRRORGATE_CA_CONSTRAINTS`, `MIRRORGATE_CA_CLOCK`,
   *   `MIRRORGATE_CA_PASSPHRASE`, `MIRRORGATE_CA_WRITE`, and as {@link AuthorityStore.tryOpen}
   */
  static async make(options: AuthorityOptions): Promise<AuthorityStore> {
    const { directory, configuration, clock, logger, builtAt, passphrase, first } = options;
    const { current } = authorityPaths(directory);
    if (configuration.permitted.length === 0) {
      throw new MirrorgateError(
        'MIRRORGATE_CA_CONSTRAINTS',
        'the private CA would be for no name at all',
        { hint: 'name certificates.privateCa.permitted, or let a host use issuer: private-ca' },
      );
    }
    const now = clock.now();
    assertClock(now, builtAt);
    const seal = passphrase && (await makeSeal(passphrase));
    const authority = { ...(first ?? firstState(configuration, now)), seal: seal?.parameters };
    if (await createAuthority({ directory, authority, seal })) {
      const [{ certificate }] = authority.roots;
      logger.info('private CA made', { path: current, subject: certificate.subject });
      return new AuthorityStore(authority, seal, options);
    }
    const others = await AuthorityStore.tryOpen(options);
    if (others !== undefined) return others;
    throw new MirrorgateError('MIRRORGATE_CA_WRITE', `${current} came and went while it was made`, {
      hint: 'start again',
    });
  }

  get state(): AuthorityState {
    return this.#state;
  }

  /** Whether the keys are under a passphrase that was not given. */
  get isLocked(): boolean {
    return this.#state.seal !== undefined && this.#seal === undefined;
  }

  /**
   * Puts what `change` makes of the newest state in its place, on disk first. What `change`
   * throws changes nothing. Among processes, the holder of the state directory's lock calls it.
   * @throws MirrorgateError `MIRRORGATE_CA_WRITE`, `MIRRORGATE_CA_LOCKED`, `MIRRORGATE_CA_DAMAGED`
   */
  update(change: StateChange): Promise<void> {
    return this.#oneAtATime(() => this.#replace(change, this.#seal));
  }

  /**
   * Seals the keys by another passphrase, or leaves them open without one.
   * @throws MirrorgateError `MIRRORGATE_CA_PASSPHRASE`, and as {@link AuthorityStore.update}
   */
  changePassphrase(passphrase: Buffer | undefined): Promise<void> {
    return this.#oneAtATime(async () => {
      const seal = passphrase && (await makeSeal(passphrase));
      await this.#replace((state) => ({ ...state, seal: seal?.parameters }), seal);
    });
  }

  #oneAtATime(work: () => Promise<void>): Promise<void> {
    const done = this.#updating.then(work);
    this.#updating = done.catch(() => undefined);
    return done;
  }

  async #replace(change: StateChange, seal: Seal | undefined): Promise<void> {
    const read = await this.#read();
    const authority = change(read);
    if (authority !== undefined) {
      await replaceAuthority({ directory: this.#directory, authority, seal });
      this.#seal = seal;
    }
    this.#state = authority ?? read;
  }

  /** What is on disk, where another process may have changed it; its keys open. */
  async #read(): Promise<AuthorityState> {
    if (this.isLocked) throw lockedError();
    const read = await readAuthority(this.#directory, this.#logger);
    // Lost or damaged since: what is in memory is whole, and newer than any generation before.
    if (read === undefined || read.bundleVersion < this.#state.bundleVersion) return this.#state;
    if (read.seal === undefined) return read;
    const seal = this.#seal;
    if (seal?.parameters.salt.equals(read.seal.salt) !== true) throw lockedError();
    return unsealAuthority(read, seal);
  }
}
