/**
 * Carries rotations out: looks what is due, does it, and looks again in time. All it knows is
 * kept on disk, so that it may end at any moment; what it does next follows from there.
 */
import { fingerprint } from '../certificates/certificate-facts.ts';
import type { PrivateCaConfiguration } from '../config/configuration.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { Authority } from './authority.ts';
import { incomingRoot, type AuthorityState } from './authority-state.ts';
import { breakageOf, type Breakage } from './breakage.ts';
import type { Bundle } from './bundle.ts';
import type { ClientEvidence, LackingClient } from './client-evidence.ts';
import { adopted, type OfflineRequest } from './offline-grant.ts';
import { assertIdle, nextAction, type RotationFacts, type RotationStep } from './rotation-plan.ts';
import { stepEvents } from './rotation-words.ts';
import { SteadyClock } from './steady-clock.ts';
import { rotationStatus, type RotationStatus } from './rotation-status.ts';
import { forced, prepared, replaced, retired, switched } from './rotation-steps.ts';

export interface RotationRunnerOptions {
  readonly authority: Authority;
  readonly configuration: PrivateCaConfiguration;
  readonly evidence: ClientEvidence;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** No wait is longer, so that a clock that jumped is noticed. */
const maxWaitMs = 3_600_000;
/** After a step that failed. */
const retryMs = 60_000;

export class RotationRunner {
  readonly #authority: Authority;
  readonly #evidence: ClientEvidence;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #configuration: PrivateCaConfiguration;
  readonly #steady: SteadyClock;
  #timer: Timer | undefined;
  #looking: Promise<void> = Promise.resolve();
  /** Whether a step waits for clients. */
  #isHeld = false;
  #isClosed = false;

  constructor({ authority, configuration, evidence, clock, logger }: RotationRunnerOptions) {
    this.#authority = authority;
    this.#configuration = configuration;
    this.#evidence = evidence;
    this.#clock = clock;
    this.#logger = logger;
    this.#steady = new SteadyClock(clock, logger);
  }

  /**
   * Does what is due and plans the next look. Never rejects: what fails is logged and tried
   * again. Calls that come while a look goes on wait for it.
   */
  look(): Promise<void> {
    return this.#oneAtATime(async () => {
      this.#timer?.cancel();
      const waitMs = await this.#advance();
      if (this.#isClosed) return;
      this.#steady.expectAfter(waitMs);
      this.#timer = this.#clock.after(waitMs, () => void this.look());
    });
  }

  /** Clients were seen: looks again where a step waits for them. */
  noticeClients(): void {
    if (this.#isHeld) void this.look();
  }

  /** Takes over a changed configuration; roots that are there already stay as they are. */
  configure(configuration: PrivateCaConfiguration): void {
    this.#configuration = configuration;
  }

  /**
   * Begins a rotation now. One that is prepared, but whose root may not sign for all that is
   * configured, begins anew.
   * @throws MirrorgateError `MIRRORGATE_CA_ROTATING`, `MIRRORGATE_CA_CLOCK`,
   *   `MIRRORGATE_CA_LOCKED`, `MIRRORGATE_CA_WRITE`
   */
  async rotate(): Promise<RotationStatus> {
    this.#authority.assertClock();
    await this.#authority.update((state) => {
      assertIdle(state, this.#configuration.permitted);
      return prepared(state, { cause: 'request', ...this.#making() });
    });
    this.#tell('prepare');
    await this.look();
    return this.status();
  }

  /**
   * Puts a new root in the place of all others, at once and for good: for a key that others had.
   * Returns what breaks by that.
   * @throws MirrorgateError as {@link rotate}, but never `MIRRORGATE_CA_ROTATING`
   */
  async rotateAtOnce(): Promise<Breakage> {
    this.#authority.assertClock();
    const before = this.#authority.bundle();
    await this.#authority.update((state) => replaced(state, this.#making()));
    const breakage = this.#breakageSince(before);
    await this.look();
    return breakage;
  }

  /**
   * Takes what a root gives that is kept elsewhere. Returns what breaks by it, in an emergency.
   * @throws MirrorgateError `MIRRORGATE_CA_OFFLINE`, and as {@link rotate}
   */
  async adopt(request: OfflineRequest, grant: AuthorityState): Promise<Breakage | undefined> {
    this.#authority.assertClock();
    const before = this.#authority.bundle();
    await this.#authority.update((state) => {
      if (request === 'rotate') assertIdle(state, this.#configuration.permitted);
      return adopted(state, { request, grant, now: this.#clock.now() });
    });
    this.#logger.info('offline root of the private CA presented', { request });
    const breakage = request === 'emergency' ? this.#breakageSince(before) : undefined;
    await this.look();
    return breakage;
  }

  /**
   * Lets the rotation that goes on leave behind the clients that lack the new root.
   * @returns those clients
   * @throws MirrorgateError `MIRRORGATE_CA_NOT_ROTATING`, `MIRRORGATE_CA_WRITE`
   */
  async force(): Promise<readonly LackingClient[]> {
    await this.#authority.update((state) => {
      if (state.roots.length > 1) return forced(state);
      throw new MirrorgateError('MIRRORGATE_CA_NOT_ROTATING', 'no rotation goes on', {
        hint: 'mirrorgate ca rotate begins one',
      });
    });
    const lacking = this.#lacking(this.#authority.state);
    await this.look();
    return lacking;
  }

  status(): RotationStatus {
    const { state } = this.#authority;
    return rotationStatus(state, this.#clock.now(), this.#facts(state));
  }

  /** Idempotent. Resolves when no step is being done any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#looking;
  }

  /** How long until the next look. */
  async #advance(): Promise<number> {
    this.#steady.look();
    try {
      for (;;) {
        const done = await this.#step();
        if (done === undefined || this.#isClosed) break;
        this.#tell(done);
      }
    } catch (error) {
      this.#logger.error('rotation of the private CA does not go on', errorFields(error));
      return retryMs;
    }
    const { state } = this.#authority;
    const now = this.#clock.now();
    const action = nextAction(state, now, this.#facts(state));
    if (action.kind !== 'wait') return 0;
    this.#isHeld = action.for === 'clients';
    return Math.max(0, Math.min(action.until.getTime() - now.getTime(), maxWaitMs));
  }

  /** Does one step, where one is due. */
  async #step(): Promise<RotationStep | undefined> {
    let done: RotationStep | undefined;
    if (this.#due(this.#authority.state) === undefined) return undefined;
    await this.#authority.update((state) => {
      const now = this.#clock.now();
      done = this.#due(state);
      switch (done) {
        case undefined:
          return undefined;
        case 'prepare':
          this.#authority.assertClock();
          return prepared(state, { cause: 'age', ...this.#making() });
        case 'switch':
          return switched(state, now);
        case 'retire':
          return retired(state, now);
      }
    });
    return done;
  }

  #due(state: AuthorityState): RotationStep | undefined {
    const action = nextAction(state, this.#clock.now(), this.#facts(state));
    return action.kind === 'wait' ? undefined : action.kind;
  }

  #facts(state: AuthorityState): RotationFacts {
    return {
      overlapMs: this.#configuration.overlapMs,
      steadySince: this.#steady.since,
      lacking: state.roots.length > 1 ? this.#lacking(state) : [],
    };
  }

  /** Of the root that comes, or has come last; clients not seen for long do not count. */
  #lacking({ roots }: AuthorityState): readonly LackingClient[] {
    const { certificate } = incomingRoot(roots) ?? roots[0];
    const since = new Date(this.#clock.now().getTime() - this.#configuration.evidenceWindowMs);
    return this.#evidence.lacking(fingerprint(certificate), since);
  }

  #breakageSince(before: Bundle): Breakage {
    const lacking = this.#lacking(this.#authority.state);
    const breakage = breakageOf({ before, after: this.#authority.bundle(), lacking });
    const { trusted, removed } = breakage;
    this.#logger.warn('all roots of the private CA replaced at once', { trusted, removed });
    return breakage;
  }

  #making() {
    return { policy: this.#configuration, now: this.#clock.now() };
  }

  #tell(step: RotationStep): void {
    const { roots } = this.#authority.state;
    this.#logger.info(stepEvents[step], {
      roots: roots.map(({ state, certificate }) => `${state} ${fingerprint(certificate)}`),
    });
  }

  #oneAtATime(work: () => Promise<void>): Promise<void> {
    this.#looking = this.#looking.then(async () => {
      if (!this.#isClosed) await work();
    });
    return this.#looking;
  }
}
