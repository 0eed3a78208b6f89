/**
 * What a TLS handshake gets: the certificate for its server name, and the protocol. Both are asked
 * for by Node and must never throw: it does not count a throwing callback as its own fault.
 */
import type { SecureContext, TLSSocket } from 'node:tls';
import { acmeTlsProtocol } from '../acme/alpn-protocol.ts';
import type { Challenges } from './challenges.ts';

export interface HandshakeChoiceOptions {
  readonly contexts: { lookup(serverName: string): SecureContext | undefined };
  readonly challenges: Challenges;
  /** A handshake that is to end, for want of a certificate for its name. */
  readonly refuse: () => void;
}

interface HandshakeChoice {
  readonly SNICallback: (name: string, callback: SniAnswer) => void;
  readonly ALPNCallback: (offer: ProtocolOffer) => string | undefined;
}

type SniAnswer = (error: Error | null, context?: SecureContext) => void;

interface ProtocolOffer {
  /** Node says `false`, against its types, where the client sent none. */
  readonly servername: string | false;
  readonly protocols: readonly string[];
}

/** The callbacks of a server; Node calls them on the socket of the handshake. */
export function handshakeChoice({
  contexts,
  challenges,
  refuse,
}: HandshakeChoiceOptions): HandshakeChoice {
  /** Where the client asked for a challenge: TLS 1.3 agrees on that before it chooses by name. */
  const challenged = new WeakSet();

  function serverName(this: object, name: string, callback: SniAnswer): void {
    // A name that has no certificate yet may be one that a CA asks about.
    const own = challenged.has(this) ? undefined : contexts.lookup(name);
    const context = own ?? challenges.context(name);
    if (context !== undefined) {
      callback(null, context);
      return;
    }
    refuse();
    callback(new Error('unrecognized server name'));
  }

  /** A CA may stand on the allow-list too: it gets its challenge like any visitor. */
  function protocol(this: object, { servername, protocols }: ProtocolOffer): string | undefined {
    const name = servername === false ? '' : servername;
    const challenge = challenges.context(name);
    if (challenge !== undefined && protocols.includes(acmeTlsProtocol)) {
      challenged.add(this);
      // TLS 1.2 has chosen by now.
      (this as TLSSocket).setKeyCert(challenge);
      return acmeTlsProtocol;
    }
    const isOnlyChallenged = challenge !== undefined && contexts.lookup(name) === undefined;
    return protocols.includes('http/1.1') && !isOnlyChallenged ? 'http/1.1' : undefined;
  }

  return { SNICallback: serverName, ALPNCallback: protocol };
}
