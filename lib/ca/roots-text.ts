/** The roots of the CA with their keys as one JSON text, format version 1. It touches no disk. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { nameSubtree } from '../config/scalars.ts';
import { subtreeText } from './name-subtrees.ts';
import type { Root } from './root.ts';

const format = z.strictObject({
  version: z.literal(1),
  roots: z.array(
    z.strictObject({
      state: z.enum(['active', 'next', 'retiring']),
      permitted: z.array(nameSubtree),
      certificate: z.string(),
      privateKey: z.string(),
    }),
  ),
});

/** At least the active root. Always in the order active, next, retiring. */
export type Roots = readonly [Root, ...Root[]];

export function rootsText(roots: Roots): string {
  const written: z.input<typeof format> = {
    version: 1,
    roots: roots.map(({ state, permitted, certificate, privateKey }) => ({
      state,
      permitted: permitted.map(subtreeText),
      certificate: certificate.toString(),
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    })),
  };
  return `${JSON.stringify(written, undefined, 2)}\n`;
}

/** Reads what {@link rootsText} wrote. Throws unless all of it is whole and fits together. */
export function parseRoots(text: string): Roots {
  const { roots: written } = format.parse(JSON.parse(text));
  const roots = written.map(({ state, permitted, certificate, privateKey }): Root => {
    const root = {
      state,
      permitted,
      certificate: new X509Certificate(certificate),
      privateKey: createPrivateKey(privateKey),
    };
    checkRoot(root);
    return root;
  });
  const ordered = (['active', 'next', 'retiring'] as const).flatMap((state) =>
    roots.filter((root) => root.state === state),
  );
  const [first, second] = ordered;
  if (first?.state !== 'active' || second?.state === 'active') {
    throw new Error('there is not exactly one active root');
  }
  return [first, ...ordered.slice(1)];
}

function checkRoot({ certificate, privateKey }: Root): void {
  if (!certificate.ca || !certificate.verify(certificate.publicKey)) {
    throw new Error('a root certificate is not self-signed, or changed since');
  }
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new Error('a private key does not belong to its root');
  }
}
