/** The issuer for hosts that the built-in private CA signs for. */
import type { X509Certificate } from 'node:crypto';
import type { HostName } from '../net/host-name.ts';
import { certificateFacts, parseChain } from './certificate-facts.ts';
import type { CertifiedKey, Issuer } from './issuer.ts';

/** What the issuer needs of a CA. */
export interface LeafAuthority {
  /** Who would sign for `names` now, and what the chain carries above the leaf; undefined if nobody may. */
  leafIssuer(
    names: readonly HostName[],
  ): { readonly certificate: X509Certificate; readonly chainPem: string } | undefined;
  /** A leaf for exactly `names` that starts now. Throws a `MirrorgateError` where it must not. */
  issueLeaf(names: readonly HostName[], lifetimeMs: number): CertifiedKey;
}

export interface PrivateCaIssuerOptions {
  readonly authority: LeafAuthority;
  readonly leafLifetimeMs: number;
}

const atOnce = new Date(0);

export function privateCaIssuer({ authority, leafLifetimeMs }: PrivateCaIssuerOptions): Issuer {
  return {
    // eslint-disable-next-line @typescript-eslint/require-await -- an error must reject, not throw
    async issue(names, signal) {
      signal.throwIfAborted();
      return authority.issueLeaf(names, leafLifetimeMs);
    },

    // eslint-disable-next-line @typescript-eslint/require-await -- an error must reject, not throw
    async dueAt(held, names) {
      const [leaf, ...above] = parseChain(held.chainPem);
      const issuer = authority.leafIssuer(names);
      if (issuer === undefined) return atOnce;
      const { certificate, chainPem } = issuer;
      if (!leaf.checkIssued(certificate) || !leaf.verify(certificate.publicKey)) return atOnce;
      // Another cross certificate, or none any more: clients would find another root by it.
      if (above.map(String).join('') !== chainPem) return atOnce;
      const facts = certificateFacts(leaf);
      if (!sameNames(facts.names, names)) return atOnce;
      // One that ends with its issuer would not get longer by being signed again.
      if (facts.notAfter >= certificate.validToDate) return facts.notAfter;
      return new Date(facts.notAfter.getTime() - leafLifetimeMs / 3);
    },
  };
}

function sameNames(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name) => right.includes(name));
}
