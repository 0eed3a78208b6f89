/** The state of the CA with its keys, to text and back. It touches no disk. */
import { X509Certificate } from 'node:crypto';
import {
  authorityFormat,
  type FormerAuthority,
  type ReadAuthority,
  type ReadKey,
  type WrittenAuthority,
} from './authority-format.ts';
import { orderedRoots, type AuthorityState, type KeptRoot } from './authority-state.ts';
import { readKey, unsealedKey, writtenKey, type KeyOwner } from './kept-key.ts';
import { subtreeText } from './name-subtrees.ts';
import type { Seal } from './seal.ts';

/** What a root of version 1 may have signed: nothing longer was in the documentation. */
const version1LongestLeafMs = 30 * 86_400_000;

/** Open keys are written under `seal` where there is one. */
export function authorityText(authority: AuthorityState, seal: Seal | undefined): string {
  const { bundleVersion, rotation, roots } = authority;
  const parameters = seal?.parameters ?? authority.seal;
  const written: WrittenAuthority = {
    version: 2,
    bundleVersion,
    rotation: rotation && {
      cause: rotation.cause,
      preparedAt: rotation.preparedAt.toISOString(),
      switchedAt: rotation.switchedAt?.toISOString(),
      retiredAt: rotation.retiredAt?.toISOString(),
      isForced: rotation.isForced,
    },
    seal: parameters && { ...parameters, salt: parameters.salt.toString('base64') },
    roots: roots.map((root) => ({
      state: root.state,
      permitted: root.permitted.map(subtreeText),
      pathLength: root.pathLength,
      longestLeafMs: root.longestLeafMs,
      certificate: root.certificate.toString(),
      key: writtenKey(root, seal),
      endorsement: root.endorsement && {
        by: root.endorsement.by,
        signature: root.endorsement.signature.toString('base64'),
      },
      crossCertificate: root.crossCertificate?.toString(),
      intermediate: root.intermediate && {
        certificate: root.intermediate.certificate.toString(),
        key: writtenKey(root.intermediate, seal),
      },
    })),
  };
  return `${JSON.stringify(written, undefined, 2)}\n`;
}

/**
 * Reads what {@link authorityText} wrote, in any version. Sealed keys stay sealed. Throws unless
 * all of it is whole and fits together.
 */
export function parseAuthority(text: string): AuthorityState {
  const read = authorityFormat.parse(JSON.parse(text));
  const authority = read.version === 1 ? formerState(read) : readState(read);
  authority.roots.forEach(checkRoot);
  return authority;
}

/**
 * The same with its sealed keys open.
 * @throws MirrorgateError `MIRRORGATE_CA_PASSPHRASE`
 */
export function unsealAuthority(authority: AuthorityState, seal: Seal): AuthorityState {
  const opened = <T extends KeyOwner>(owner: T): T => ({ ...owner, key: unsealedKey(owner, seal) });
  const roots = authority.roots.map((root) => ({
    ...opened(root),
    intermediate: root.intermediate && opened(root.intermediate),
  }));
  return { ...authority, roots: orderedRoots(roots) };
}

function readState({ bundleVersion, rotation, seal, roots }: ReadAuthority): AuthorityState {
  return {
    bundleVersion,
    rotation: rotation && {
      ...rotation,
      switchedAt: rotation.switchedAt,
      retiredAt: rotation.retiredAt,
    },
    seal,
    roots: orderedRoots(
      roots.map((root): KeptRoot => {
        const { endorsement, crossCertificate, intermediate, ...rest } = root;
        const certificate = new X509Certificate(root.certificate);
        return {
          ...rest,
          certificate,
          key: readKey(certificate, root.key),
          endorsement,
          crossCertificate:
            crossCertificate === undefined ? undefined : new X509Certificate(crossCertificate),
          intermediate: intermediate && readOwner(intermediate),
        };
      }),
    ),
  };
}

function formerState({ roots }: FormerAuthority): AuthorityState {
  return {
    bundleVersion: 1,
    rotation: undefined,
    seal: undefined,
    roots: orderedRoots(
      roots.map(({ state, permitted, certificate: pem, privateKey }) => {
        const certificate = new X509Certificate(pem);
        return {
          state,
          permitted,
          pathLength: 0,
          longestLeafMs: version1LongestLeafMs,
          certificate,
          key: readKey(certificate, { kind: 'open', pem: privateKey }),
          endorsement: undefined,
          crossCertificate: undefined,
          intermediate: undefined,
        };
      }),
    ),
  };
}

function readOwner(read: { readonly certificate: string; readonly key: ReadKey }): KeyOwner {
  const certificate = new X509Certificate(read.certificate);
  return { certificate, key: readKey(certificate, read.key) };
}

function checkRoot({ certificate, crossCertificate, key, intermediate }: KeptRoot): void {
  if (!certificate.ca || !certificate.verify(certificate.publicKey)) {
    throw new Error('a root certificate is not self-signed, or changed since');
  }
  if (crossCertificate !== undefined && !crossCertificate.publicKey.equals(certificate.publicKey)) {
    throw new Error('a cross certificate is for another key than that of its root');
  }
  if (intermediate === undefined) {
    if (key.kind === 'offline') throw new Error('nothing signs in the place of an offline root');
    return;
  }
  const { certificate: below } = intermediate;
  if (!below.ca || !below.checkIssued(certificate) || !below.verify(certificate.publicKey)) {
    throw new Error('an intermediate is not by its root');
  }
}
