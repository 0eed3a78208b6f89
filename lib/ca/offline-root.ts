/**
 * A root in a folder that its owner keeps away from the gate: made, renewed from and rotated there.
 * The folder is laid out as the gate's own, so that its keys may be under a passphrase, and what
 * was given up is gone from it. No gate ever sees a key of it.
 */
import { fingerprint } from '../certificates/certificate-facts.ts';
import { authorityPaths } from '../certificates/certs-layout.ts';
import { ensurePrivateDirectory } from '../files/private-tree.ts';
import { orderedRoots, type AuthorityState } from './authority-state.ts';
import { AuthorityStore, type AuthorityOptions } from './authority-store.ts';
import { authorityText } from './authority-text.ts';
import { lockedError, offlineError } from './kept-key.ts';
import { granted, type OfflineRequest } from './offline-grant.ts';
import { offlineRootPathLength, type RootState } from './root.ts';
import { firstState, prepared } from './rotation-steps.ts';

/** A root as the gate has it. */
export interface GateRoot {
  readonly fingerprint: string;
  readonly state: RootState;
  /** Whether its key is elsewhere. */
  readonly isOffline: boolean;
}

/**
 * What the root in `options.directory` gives to a gate that has no CA yet: the root is made there
 * unless it is.
 * @throws MirrorgateError as {@link AuthorityStore.make}
 */
export async function foundByOfflineRoot(options: AuthorityOptions): Promise<AuthorityState> {
  const { state } = await openStore(options);
  const roots = orderedRoots(state.roots.filter((root) => root.state === 'active'));
  return granted({ ...state, roots }, options.configuration, options.clock.now());
}

/**
 * What the root in `options.directory` gives to a gate that has `present`, as text for
 * `parseAuthority`. The folder is brought to what the gate has first: of a run that was cut off
 * between the two nothing stays.
 * @throws MirrorgateError `MIRRORGATE_CA_OFFLINE` where the folder is not that of the gate's root;
 *   as {@link AuthorityStore.make}
 */
export async function consultOfflineRoot(
  options: AuthorityOptions,
  { request, present }: { readonly request: OfflineRequest; readonly present: readonly GateRoot[] },
): Promise<string> {
  const { configuration, clock } = options;
  const isOffline = present.some((root) => root.state === 'active' && root.isOffline);
  if (!isOffline && request === 'renew') throw offlineError('the root is kept here, not elsewhere');
  const store = isOffline ? await openExistingStore(options) : await openStore(options);
  const now = clock.now();
  let grant = store.state;
  if (isOffline) {
    await store.update((state) => {
      const followed = asPresent(state, present);
      if (request === 'renew') {
        grant = followed;
        return followed;
      }
      grant = prepared(followed, { cause: 'request', policy: configuration, now });
      // All that the gate has stays here: it may yet refuse what is new.
      const made = grant.roots.filter((root) => !followed.roots.includes(root));
      return { ...followed, roots: orderedRoots([...followed.roots, ...made]) };
    });
  }
  return authorityText(granted(grant, configuration, now), undefined);
}

/** The roots that the gate has, in the states that they have there. */
function asPresent(state: AuthorityState, present: readonly GateRoot[]): AuthorityState {
  const states = new Map(present.map((root) => [root.fingerprint, root.state]));
  const roots = state.roots.flatMap((root) => {
    const known = states.get(fingerprint(root.certificate));
    return known === undefined ? [] : [{ ...root, state: known }];
  });
  if (!roots.some((root) => root.state === 'active')) {
    throw offlineError('that folder does not hold the root that signs here');
  }
  return { ...state, roots: orderedRoots(roots) };
}

async function openExistingStore(options: AuthorityOptions): Promise<AuthorityStore> {
  const store = await AuthorityStore.tryOpen(options);
  if (store === undefined) throw offlineError(`no root is kept in ${options.directory}`);
  if (store.isLocked) throw lockedError();
  return store;
}

async function openStore(options: AuthorityOptions): Promise<AuthorityStore> {
  await ensurePrivateDirectory(options.directory);
  await ensurePrivateDirectory(authorityPaths(options.directory).directory);
  const store =
    (await AuthorityStore.tryOpen(options)) ??
    (await AuthorityStore.make({
      ...options,
      first: firstState(options.configuration, options.clock.now(), offlineRootPathLength),
    }));
  if (store.isLocked) throw lockedError();
  return store;
}
