/**
 * The private CA: its roots on disk, the bundle that clients trust, and the leaves it signs.
 * It makes its root once; where one has been, it never makes another by itself.
 */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { X509Certificate } from 'node:crypto';
import { fingerprint } from '../certificates/certificate-facts.ts';
import { authorityPaths, bundlePath, claimCertsDirectory } from '../certificates/certs-layout.ts';
import { sweepTemporaries } from '../certificates/generations.ts';
import type { CertifiedKey } from '../certificates/issuer.ts';
import type { LeafAuthority } from '../certificates/private-ca-issuer.ts';
import type { PrivateCaConfiguration } from '../config/configuration.ts';
import { isPermitted } from '../config/contradictions.ts';
import type { NameSubtree } from '../config/scalars.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { readFileIfPresent, writeFileAtomically } from '../files/atomic-file.ts';
import { ensurePrivateDirectory } from '../files/private-tree.ts';
import type { HostName } from '../net/host-name.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import { makeLeaf } from './leaf.ts';
import { isCovered, subtreeText } from './name-subtrees.ts';
import type { RootState } from './root.ts';
import { makeFirstRoot, readRoots } from './roots-file.ts';
import type { Roots } from './roots-text.ts';

export interface ExistingAuthorityOptions {
  /** `certificates.directory`. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** When this program was built: no honest clock shows an earlier time. */
  readonly builtAt: Date;
}

export interface AuthorityOptions extends ExistingAuthorityOptions {
  readonly configuration: PrivateCaConfiguration;
}

/** What `ca status` shows of a root. */
export interface RootFacts {
  readonly state: RootState;
  /** Distinguished name. */
  readonly subject: string;
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** DNS zones and CIDR blocks that it may sign for. */
  readonly permitted: readonly string[];
}

export class Authority implements LeafAuthority {
  readonly #roots: Roots;
  readonly #clock: Clock;
  readonly #builtAt: Date;

  private constructor(roots: Roots, { clock, builtAt }: ExistingAuthorityOptions) {
    this.#roots = roots;
    this.#clock = clock;
    this.#builtAt = builtAt;
  }

  /**
   * Opens the CA, or makes it where there has been none, and publishes its bundle. Of several
   * processes that make it at once, one does and all open the same.
   * @throws MirrorgateError `MIRRORGATE_CA_DAMAGED`, `MIRRORGATE_CA_CONSTRAINTS`,
   *   `MIRRORGATE_CA_CLOCK`, `MIRRORGATE_CA_UNREADABLE`, `MIRRORGATE_CA_WRITE`,
   *   `MIRRORGATE_FILES_PERMISSIONS`, `MIRRORGATE_FILES_DIRECTORY`
   */
  static async open(options: AuthorityOptions): Promise<Authority> {
    const { directory, configuration, clock, logger } = options;
    const caDirectory = authorityPaths(directory).directory;
    await claimCertsDirectory(directory);
    await ensurePrivateDirectory(caDirectory);
    await sweepTemporaries(caDirectory, clock);
    const roots = (await readRoots(directory, logger)) ?? (await Authority.#make(options));
    const authority = new Authority(roots, options);
    authority.assertPermits(configuration.permitted);
    await publish(bundlePath(directory), authority.bundlePem(), logger);
    return authority;
  }

  /**
   * Opens the CA for reading and signing; makes and publishes nothing.
   * @throws MirrorgateError `MIRRORGATE_CA_ABSENT`, `MIRRORGATE_CA_DAMAGED`,
   *   `MIRRORGATE_CA_UNREADABLE`, `MIRRORGATE_FILES_PERMISSIONS`
   */
  static async openExisting(options: ExistingAuthorityOptions): Promise<Authority> {
    const roots = await readRoots(options.directory, options.logger);
    if (roots !== undefined) return new Authority(roots, options);
    throw new MirrorgateError(
      'MIRRORGATE_CA_ABSENT',
      `there is no private CA in ${authorityPaths(options.directory).directory}`,
      { hint: 'mirrorgate serve makes it on its first start, or: mirrorgate ca init' },
    );
  }

  static #make({ builtAt, clock, ...options }: AuthorityOptions): Promise<Roots> {
    const now = clock.now();
    assertClock(now, builtAt);
    return makeFirstRoot({ ...options, now });
  }

  /** The root that signs. */
  get activeRoot(): X509Certificate {
    return this.#roots[0].certificate;
  }

  /** All roots to trust now, in the order active, next, retiring. */
  bundlePem(): string {
    return this.#roots.map(({ certificate }) => certificate.toString()).join('');
  }

  /** SHA-256 of the active root's DER form, lower-case hex. */
  fingerprint(): string {
    return fingerprint(this.activeRoot);
  }

  roots(): RootFacts[] {
    return this.#roots.map(({ state, certificate, permitted }) => ({
      state,
      subject: certificate.subject,
      fingerprint: fingerprint(certificate),
      notBefore: certificate.validFromDate,
      notAfter: certificate.validToDate,
      permitted: permitted.map(subtreeText),
    }));
  }

  /**
   * Throws unless the active root may sign for all of `permitted`: name constraints stand in the
   * root and are fixed when it is made.
   * @throws MirrorgateError `MIRRORGATE_CA_CONSTRAINTS`
   */
  assertPermits(permitted: readonly NameSubtree[]): void {
    const [active] = this.#roots;
    const outside = permitted.filter((subtree) => !isCovered(subtree, active.permitted));
    if (outside.length > 0) throw outsideConstraints(outside.map(subtreeText), active.permitted);
  }

  /**
   * A leaf for exactly `names`, valid from now (and an hour back) for `lifetimeMs`, but not
   * beyond its root.
   * @throws MirrorgateError `MIRRORGATE_CA_CONSTRAINTS`, `MIRRORGATE_CA_CLOCK`,
   *   `MIRRORGATE_CA_EXPIRED`
   */
  issueLeaf(names: readonly HostName[], lifetimeMs: number): CertifiedKey {
    const now = this.#clock.now();
    const [active] = this.#roots;
    const { validFromDate, validToDate } = active.certificate;
    assertClock(now, new Date(Math.max(this.#builtAt.getTime(), validFromDate.getTime())));
    if (now >= validToDate) {
      throw new MirrorgateError(
        'MIRRORGATE_CA_EXPIRED',
        `the root of the private CA expired at ${validToDate.toISOString()}`,
        { hint: 'mirrorgate ca rotate makes a new one, which every client must then trust' },
      );
    }
    const outside = names.filter((name) => !isPermitted(name, active.permitted));
    if (outside.length > 0) throw outsideConstraints(outside, active.permitted);
    return makeLeaf(active, { names, lifetimeMs, now });
  }
}

/** A CA whose bundle cannot be written still signs: the edges serve the bundle from memory. */
async function publish(path: string, bundle: string, logger: Logger): Promise<void> {
  try {
    if ((await readFileIfPresent(path))?.toString() === bundle) return;
    await mkdir(dirname(path), { recursive: true });
    await writeFileAtomically(path, bundle, { mode: 0o644 });
  } catch (error) {
    logger.error('CA bundle not published', { path, ...errorFields(error) });
  }
}

function assertClock(now: Date, earliest: Date): void {
  if (now >= earliest) return;
  throw new MirrorgateError(
    'MIRRORGATE_CA_CLOCK',
    `the clock of this machine shows ${now.toISOString()}, before ${earliest.toISOString()}: nothing is signed`,
    { hint: 'set the clock (timedatectl set-ntp true) and try again' },
  );
}

function outsideConstraints(
  names: readonly string[],
  permitted: readonly NameSubtree[],
): MirrorgateError {
  return new MirrorgateError(
    'MIRRORGATE_CA_CONSTRAINTS',
    `the root of the private CA may not sign for ${names.join(', ')}, only for ${permitted.map(subtreeText).join(', ')}`,
    {
      hint: 'constraints are fixed when a root is made: mirrorgate ca rotate makes one for the new names, or use another issuer for them',
    },
  );
}
