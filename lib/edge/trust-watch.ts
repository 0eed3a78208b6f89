/**
 * Watches how clients take the certificates of the private CA. Whoever verifies after the
 * handshake (Node does) has taken one only when it asks for something.
 */
import { errorCode } from '../errors/mirrorgate-error.ts';
import type { Peer } from './peer.ts';
import type { TrustSighting } from './observer.ts';
import type { SiteContexts } from './site-contexts.ts';

/** What clients say that cannot find a root which they trust: OpenSSL the first, Go the second. */
const distrust = /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN)$/;

/** A handshake, done or not. */
export interface Handshake {
  readonly peer: Peer;
  readonly serverName: string | undefined;
  /** Whose certificate clients without a server name get. */
  readonly defaultSite: string;
}

export class TrustWatch {
  readonly #contexts: SiteContexts;
  readonly #tell: (sighting: TrustSighting) => void;

  constructor(contexts: SiteContexts, tell: (sighting: TrustSighting) => void) {
    this.#contexts = contexts;
    this.#tell = tell;
  }

  accepted(handshake: Handshake): void {
    this.#took('accepted', handshake);
  }

  /** Tells of those failures alone that are about the certificate. */
  failed(error: Error, handshake: Handshake): void {
    if (distrust.test(errorCode(error) ?? '')) this.#took('refused', handshake);
  }

  /** Strangers, whom nothing else is given, are not watched. */
  fetched({ address, admission }: Peer, bundleVersion: number): void {
    if (admission === undefined) return;
    this.#tell({ kind: 'fetched', client: address, label: admission.label, bundleVersion });
  }

  #took(kind: 'accepted' | 'refused', { peer, serverName, defaultSite }: Handshake): void {
    const { address, admission, isProxy } = peer;
    const site = serverName === undefined ? defaultSite : this.#contexts.siteOf(serverName);
    if (admission === undefined && !isProxy) return;
    if (site === undefined || !this.#contexts.isPrivate(site)) return;
    this.#tell({ kind, client: address, label: admission?.label });
  }
}
