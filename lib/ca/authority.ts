/**
 * The private CA: its roots, the bundle that clients trust, and the leaves it signs. It makes its
 * root once; where one has been, only a rotation makes another.
 */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { X509Certificate } from 'node:crypto';
import { fingerprint } from '../certificates/certificate-facts.ts';
import { authorityPaths, bundlePath, claimCertsDirectory } from '../certificates/certs-layout.ts';
import { sweepTemporaries } from '../certificates/generations.ts';
import type { CertifiedKey } from '../certificates/issuer.ts';
import type { LeafAuthority } from '../certificates/private-ca-issuer.ts';
import type { NameSubtree } from '../config/scalars.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { readFileIfPresent, writeFileAtomically } from '../files/atomic-file.ts';
import { ensurePrivateDirectory } from '../files/private-tree.ts';
import type { HostName } from '../net/host-name.ts';
import { errorFields } from '../telemetry/logger.ts';
import { forgetFormerKeys } from './authority-file.ts';
import { chainAbove, leafIssuerOf, rootFor, type AuthorityState } from './authority-state.ts';
import {
  AuthorityStore,
  type AuthorityOptions,
  type ExistingAuthorityOptions,
  type StateChange,
} from './authority-store.ts';
import { bundleFingerprint, bundlePem, type Bundle } from './bundle.ts';
import { lockedError } from './kept-key.ts';
import { assertClock, constraintsError, issueClientLeaf, issueLeaf } from './leaf-issuance.ts';
import { isCovered, subtreeText } from './name-subtrees.ts';
import { rootFacts, type RootFacts } from './root-facts.ts';
import { admitted } from './rotation-steps.ts';

/** Who signs leaves for some names, and what their chain carries above the leaf. */
export interface LeafIssuer {
  readonly certificate: X509Certificate;
  readonly chainPem: string;
}

/** Changes where clients are to trust something else, or get another chain. */
function issuance({ bundleVersion, roots }: AuthorityState): string {
  const issuers = roots.map((root) => fingerprint(leafIssuerOf(root).certificate));
  return [bundleVersion, ...issuers].join();
}

export class Authority implements LeafAuthority {
  readonly #store: AuthorityStore;
  readonly #options: ExistingAuthorityOptions;
  readonly #listeners = new Set<() => void>();

  private constructor(store: AuthorityStore, options: ExistingAuthorityOptions) {
    this.#store = store;
    this.#options = options;
  }

  /**
   * Opens the CA, or makes it where there has been none, and publishes its bundle. Of several
   * processes that make it at once, one does and all open the same.
   * @throws MirrorgateError `MIRRORGATE_CA_DAMAGED`, `MIRRORGATE_CA_CONSTRAINTS`,
   *   `MIRRORGATE_CA_CLOCK`, `MIRRORGATE_CA_UNREADABLE`, `MIRRORGATE_CA_WRITE`,
   *   `MIRRORGATE_CA_LOCKED`, `MIRRORGATE_CA_PASSPHRASE`, `MIRRORGATE_FILES_PERMISSIONS`,
   *   `MIRRORGATE_FILES_DIRECTORY`
   */
  static async open(options: AuthorityOptions): Promise<Authority> {
    const { directory, configuration, clock } = options;
    const caDirectory = authorityPaths(directory).directory;
    await claimCertsDirectory(directory);
    await ensurePrivateDirectory(caDirectory);
    await sweepTemporaries(caDirectory, clock);
    const present = await AuthorityStore.tryOpen(options);
    if (present !== undefined) await forgetFormerKeys(directory);
    const store = present ?? (await AuthorityStore.make(options));
    if (store.isLocked) throw lockedError();
    const authority = new Authority(store, options);
    authority.assertPermits(configuration.permitted);
    await authority.admitLeaves(configuration.leafLifetimeMs);
    await authority.#publish();
    return authority;
  }

  /**
   * Opens the CA for reading and, where its keys are open or the passphrase is given, signing;
   * makes and publishes nothing by itself.
   * @throws MirrorgateError `MIRRORGATE_CA_ABSENT`, `MIRRORGATE_CA_DAMAGED`,
   *   `MIRRORGATE_CA_UNREADABLE`, `MIRRORGATE_CA_PASSPHRASE`, `MIRRORGATE_FILES_PERMISSIONS`
   */
  static async openExisting(options: ExistingAuthorityOptions): Promise<Authority> {
    const store = await AuthorityStore.tryOpen(options);
    if (store !== undefined) return new Authority(store, options);
    throw new MirrorgateError(
      'MIRRORGATE_CA_ABSENT',
      `there is no private CA in ${authorityPaths(options.directory).directory}`,
      { hint: 'mirrorgate serve makes it on its first start, or: mirrorgate ca init' },
    );
  }

  /** What is kept now, for whoever decides on its rotation. */
  get state(): AuthorityState {
    return this.#store.state;
  }

  /** The root that signs, as far as its constraints admit. */
  get activeRoot(): X509Certificate {
    return this.state.roots[0].certificate;
  }

  /** What clients are to trust now. */
  bundle(): Bundle {
    const { bundleVersion, roots } = this.state;
    return { version: bundleVersion, roots };
  }

  /** All roots to trust now, in the order active, next, retiring. */
  bundlePem(): string {
    return bundlePem(this.bundle());
  }

  /** SHA-256 of the active root's DER form, lower-case hex. */
  fingerprint(): string {
    return bundleFingerprint(this.bundle());
  }

  roots(): RootFacts[] {
    return this.state.roots.map(rootFacts);
  }

  /**
   * Throws unless a root that signs, now or after the rotation that goes on, may sign for all of
   * `permitted`: name constraints stand in a root and are fixed when it is made.
   * @throws MirrorgateError `MIRRORGATE_CA_CONSTRAINTS`
   */
  assertPermits(permitted: readonly NameSubtree[]): void {
    const signing = this.state.roots.filter(({ state }) => state !== 'retiring');
    const outside = permitted.filter(
      (subtree) => !signing.some((root) => isCovered(subtree, root.permitted)),
    );
    const newest = signing.at(-1) ?? this.state.roots[0];
    if (outside.length > 0) throw constraintsError(outside.map(subtreeText), newest.permitted);
  }

  /**
   * A leaf for exactly `names`, valid from now (and an hour back) for `lifetimeMs`, but not
   * beyond its root, with the chain that leads to every root that clients may know.
   * @throws MirrorgateError `MIRRORGATE_CA_CONSTRAINTS`, `MIRRORGATE_CA_CLOCK`,
   *   `MIRRORGATE_CA_EXPIRED`, `MIRRORGATE_CA_LIFETIME`, `MIRRORGATE_CA_LOCKED`
   */
  issueLeaf(names: readonly HostName[], lifetimeMs: number): CertifiedKey {
    const { clock, builtAt } = this.#options;
    return issueLeaf(this.state.roots, { names, lifetimeMs, now: clock.now(), builtAt });
  }

  /** For the client `name`; rotations wait for it. @throws as {@link issueLeaf}, {@link update} */
  async issueClientLeaf(name: string, lifetimeMs: number): Promise<CertifiedKey> {
    const { clock, builtAt } = this.#options;
    await this.admitLeaves(lifetimeMs);
    return issueClientLeaf(this.state.roots, { name, lifetimeMs, now: clock.now(), builtAt });
  }

  /**
   * Who would sign for `names` now; a held leaf with another issuer or another chain above it is
   * due. Undefined where no root may.
   */
  leafIssuer(names: readonly HostName[]): LeafIssuer | undefined {
    const { roots } = this.state;
    const root = rootFor(names, roots);
    if (root === undefined) return undefined;
    const chainPem = chainAbove(root, { names, roots, now: this.#options.clock.now() });
    return { certificate: leafIssuerOf(root).certificate, chainPem };
  }

  /**
   * Notes that leaves may live this long, before any does: rotations wait for the longest.
   * @throws as {@link Authority.update}
   */
  async admitLeaves(lifetimeMs: number): Promise<void> {
    const isNoted = this.state.roots.every(
      ({ state, longestLeafMs }) => state === 'retiring' || longestLeafMs >= lifetimeMs,
    );
    if (!isNoted) await this.update((state) => admitted(state, lifetimeMs));
  }

  /**
   * Seals the keys by another passphrase, or leaves them open without one.
   * @throws MirrorgateError `MIRRORGATE_CA_PASSPHRASE`, and as {@link Authority.update}
   */
  async changePassphrase(passphrase: Buffer | undefined): Promise<void> {
    await this.#store.changePassphrase(passphrase);
  }

  /**
   * Puts what `change` makes of the state in its place, on disk first, then publishes the bundle
   * and tells the listeners. What `change` throws changes nothing. Among processes, the holder of
   * the state directory's lock calls it.
   * @throws MirrorgateError `MIRRORGATE_CA_WRITE`, `MIRRORGATE_CA_LOCKED`, `MIRRORGATE_CA_DAMAGED`
   */
  async update(change: StateChange): Promise<void> {
    const before = issuance(this.state);
    await this.#store.update(change);
    if (issuance(this.state) === before) return;
    await this.#publish();
    for (const listener of this.#listeners) listener();
  }

  /**
   * Calls `listener` after each change of the bundle, or of who issues leaves. Returns what ends it.
   */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** @throws MirrorgateError `MIRRORGATE_CA_CLOCK` where the clock is too far back to make a root */
  assertClock(): void {
    const { clock, builtAt } = this.#options;
    const earliest = Math.max(builtAt.getTime(), this.activeRoot.validFromDate.getTime());
    assertClock(clock.now(), new Date(earliest));
  }

  /** A CA whose bundle cannot be written still signs: the edges serve the bundle from memory. */
  async #publish(): Promise<void> {
    const { directory, logger } = this.#options;
    const path = bundlePath(directory);
    const bundle = this.bundlePem();
    try {
      if ((await readFileIfPresent(path))?.toString() === bundle) return;
      await mkdir(dirname(path), { recursive: true });
      await writeFileAtomically(path, bundle, { mode: 0o644 });
    } catch (error) {
      logger.error('CA bundle not published', { path, ...errorFields(error) });
    }
  }
}
