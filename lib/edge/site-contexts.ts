/**
 * Certificates by server name. Contexts are built when a certificate arrives, never in a
 * handshake, and looked up under the canonical name: Node's own lookup is case-sensitive.
 */
import { createSecureContext, type SecureContext, type TlsOptions } from 'node:tls';
import { constants } from 'node:crypto';
import type { CertifiedKey } from '../certificates/issuer.ts';
import { tryAddress, addressText } from '../net/address.ts';
import { isAddress, tryDnsName, type HostName } from '../net/host-name.ts';
import { RecentTexts } from '../net/recent-texts.ts';
import type { EdgeSettings } from './settings.ts';

/** Who wants ChaCha20 first has no hardware for AES, and gets it in spite of our order. */
const hardening = constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_PRIORITIZE_CHACHA;

/** TLS 1.2 and 1.3 with forward secrecy and authenticated encryption only (Mozilla intermediate). */
export const tlsProfile = {
  minVersion: 'TLSv1.2',
  ciphers: [
    'TLS_AES_128_GCM_SHA256',
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
  ].join(':'),
  honorCipherOrder: true,
  secureOptions: hardening,
} as const satisfies TlsOptions;

/**
 * Of connections that are to show a client certificate. Nothing of them is resumed: a session from
 * elsewhere, or from before a name was taken off the list, would stand in for the certificate.
 */
const askingOptions = hardening | constants.SSL_OP_NO_TICKET;

export type SiteCertificates = ReadonlyMap<string, CertifiedKey>;

export class SiteContexts {
  readonly #certificates = new Map<string, CertifiedKey>();
  readonly #bySite = new Map<string, SecureContext>();
  /** For connections that are to show a client certificate; empty while none are. */
  readonly #asking = new Map<string, SecureContext>();
  #clientRoots: readonly string[] = [];
  #siteByHost = new Map<HostName, string>();
  #hasAddresses = false;
  #recentSites = new RecentTexts<string>();
  #ticketKeys: Buffer | undefined;
  #privateSites: ReadonlySet<string> = new Set();

  /** Names of the sites by host; certificates of sites that are gone are dropped. */
  setSites(sites: EdgeSettings['sites']): void {
    this.#siteByHost = new Map(
      sites.flatMap(({ name, hosts }) => hosts.map((host) => [host, name])),
    );
    this.#hasAddresses = [...this.#siteByHost.keys()].some(isAddress);
    this.#recentSites = new RecentTexts();
    this.#privateSites = new Set(
      sites.filter(({ issuer }) => issuer === 'private-ca').map(({ name }) => name),
    );
    const names = new Set(sites.map(({ name }) => name));
    for (const site of this.#certificates.keys()) {
      if (names.has(site)) continue;
      this.#certificates.delete(site);
      this.#bySite.delete(site);
      this.#asking.delete(site);
    }
  }

  /** Handshakes from now on use `certificate`; connections that stand are not touched. */
  setCertificate(site: string, certificate: CertifiedKey): void {
    const { privateKeyPem, chainPem } = certificate;
    this.#bySite.set(
      site,
      createSecureContext({ ...tlsProfile, key: privateKeyPem, cert: chainPem }),
    );
    this.#certificates.set(site, certificate);
    this.#makeAsking(site, certificate);
  }

  /** Who signs client certificates, as PEM; where there are none, nobody is asked for one. */
  setClientRoots(roots: readonly string[]): void {
    this.#clientRoots = roots;
    this.#asking.clear();
    for (const [site, certificate] of this.#certificates) this.#makeAsking(site, certificate);
  }

  /** Whether who has no right by its address may show a certificate. */
  get asksClients(): boolean {
    return this.#clientRoots.length > 0;
  }

  /** From the next {@link serverOptions} on. */
  setTicketKeys(keys: Uint8Array): void {
    this.#ticketKeys = Buffer.from(keys);
  }

  /** Options of a server whose clients that send no name get the certificate of `site`. */
  serverOptions(site: string): TlsOptions {
    const ticketKeys = this.#ticketKeys;
    return { ...this.#optionsOf(site), ...(ticketKeys === undefined ? {} : { ticketKeys }) };
  }

  /** As {@link serverOptions}, of a server that asks its clients for a certificate. */
  askingOptions(site: string): TlsOptions {
    return {
      ...this.#optionsOf(site),
      ca: [...this.#clientRoots],
      requestCert: true,
      // Who has none may be let in to be told so; judged after the handshake.
      rejectUnauthorized: false,
      secureOptions: askingOptions,
    };
  }

  /** The context for a server name as a client sent it, in whatever spelling. */
  lookup(serverName: string): SecureContext | undefined {
    const site = this.siteOf(serverName);
    return site === undefined ? undefined : this.#bySite.get(site);
  }

  /** As {@link lookup}, where the client is asked for a certificate. */
  lookupAsking(serverName: string): SecureContext | undefined {
    const site = this.siteOf(serverName);
    return site === undefined ? undefined : this.#asking.get(site);
  }

  /** The site that has a server name, in whatever spelling, among its hosts. */
  siteOf(serverName: string): string | undefined {
    const known = this.#recentSites.get(serverName);
    if (known !== undefined) return known;
    const host = tryDnsName(serverName);
    const site = host && this.#siteByHost.get(host);
    return site && this.#recentSites.set(serverName, site);
  }

  /** Whether a site's certificate is to come from the private CA. */
  isPrivate(site: string): boolean {
    return this.#privateSites.has(site);
  }

  isKnown(host: HostName): boolean {
    return this.#siteByHost.has(host);
  }

  /** The site that has the local address of a connection among its hosts, if one has. */
  siteOfAddress(connection: { readonly localAddress?: string | undefined }): string | undefined {
    // The system is not asked where no answer can matter.
    if (!this.#hasAddresses) return undefined;
    const { localAddress } = connection;
    const bytes = localAddress === undefined ? undefined : tryAddress(localAddress);
    return bytes && this.#siteByHost.get(addressText(bytes) as HostName);
  }

  #optionsOf(site: string): TlsOptions {
    const certificate = this.#certificates.get(site);
    return {
      ...tlsProfile,
      ...(certificate && { key: certificate.privateKeyPem, cert: certificate.chainPem }),
    };
  }

  #makeAsking(site: string, { privateKeyPem: key, chainPem: cert }: CertifiedKey): void {
    if (!this.asksClients) return;
    const options = { ...tlsProfile, secureOptions: askingOptions, ca: [...this.#clientRoots] };
    this.#asking.set(site, createSecureContext({ ...options, key, cert }));
  }
}
