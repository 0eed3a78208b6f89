/**
 * The challenges of CAs that are live now (RFC 8555 §8): all that somebody who is not on the
 * allow-list may see of an edge, and only as long as a CA may come for it.
 */
import { createSecureContext, type SecureContext } from 'node:tls';
import type { HttpChallenge, TlsAlpnChallenge } from '../acme/challenge.ts';
import { tryDnsName } from '../net/host-name.ts';
import { tlsProfile } from './site-contexts.ts';

/** Those that an edge can answer. */
export type EdgeChallenge = HttpChallenge | TlsAlpnChallenge;

interface PendingHandshake {
  readonly context: SecureContext;
  readonly chainPem: string;
}

export class Challenges {
  readonly #tokens = new Map<string, string>();
  readonly #handshakes = new Map<string, PendingHandshake>();

  /** Whether a CA may come for a certificate by TLS-ALPN. */
  get awaitsHandshake(): boolean {
    return this.#handshakes.size > 0;
  }

  present(challenge: EdgeChallenge): void {
    if (challenge.kind === 'http-01') {
      this.#tokens.set(tokenKey(challenge), challenge.keyAuthorization);
      return;
    }
    const { privateKeyPem: key, chainPem: cert } = challenge.certifiedKey;
    const context = createSecureContext({ ...tlsProfile, key, cert });
    this.#handshakes.set(challenge.serverName, { context, chainPem: cert });
  }

  /** Also of what is not there. */
  withdraw(challenge: EdgeChallenge): void {
    if (challenge.kind === 'http-01') {
      this.#tokens.delete(tokenKey(challenge));
      return;
    }
    const { serverName, certifiedKey } = challenge;
    // A later order for the same name may have put up its own.
    const isCurrent = this.#handshakes.get(serverName)?.chainPem === certifiedKey.chainPem;
    if (isCurrent) this.#handshakes.delete(serverName);
  }

  /** What `GET /.well-known/acme-challenge/TOKEN` at this host is answered by. */
  keyAuthorization(question: { readonly host: string; readonly token: string }) {
    return this.#tokens.get(tokenKey(question));
  }

  /** The certificate for a server name as a CA sent it. */
  context(serverName: string): SecureContext | undefined {
    if (!this.awaitsHandshake) return undefined;
    return this.#handshakes.get(tryDnsName(serverName) ?? '')?.context;
  }
}

function tokenKey({ host, token }: { readonly host: string; readonly token: string }): string {
  return `${host} ${token}`;
}
