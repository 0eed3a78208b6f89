/** The issuers that a configuration needs, and the private CA behind one of them. */
import { createSecureContext } from 'node:tls';
import { parseChain } from '../certificates/certificate-facts.ts';
import { filesIssuer } from '../certificates/files-issuer.ts';
import type { Issuer } from '../certificates/issuer.ts';
import { privateCaIssuer } from '../certificates/private-ca-issuer.ts';
import type { Configuration, IssuerName } from '../config/configuration.ts';
import type { TrustDocuments } from '../edge/settings.ts';
import { errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { Clock } from '../time/clock.ts';
import type { AcmeIssuance } from './acme-issuance.ts';
import type { PrivateCa } from './private-ca.ts';
import { servedDocuments } from './served-documents.ts';
import type { WatchedRoot } from './watched-gate.ts';

export interface Trust {
  readonly issuers: ReadonlyMap<IssuerName, Issuer>;
  readonly documents: TrustDocuments;
  /** Of the private CA, as they are now; none where no host uses it. */
  readonly roots: () => readonly WatchedRoot[];
}

export interface TrustContext {
  /** Asked for only where a host has its certificate from there: it brings much code with it. */
  readonly acme: () => Promise<AcmeIssuance>;
  readonly privateCa: PrivateCa;
  readonly clock: Clock;
}

/** Opens, and on the first start makes, what the configured issuers need. */
export async function openTrust(
  configuration: Configuration,
  { acme, clock, privateCa }: TrustContext,
): Promise<Trust> {
  const { certificates, sites } = configuration;
  const wanted = new Set(sites.map(({ issuer }) => issuer));
  const issuers = new Map<IssuerName, Issuer>();
  if (wanted.has('files')) {
    issuers.set('files', servable(filesIssuer({ files: certificates.files, clock })));
  }
  if (certificates.acme !== undefined && wanted.has('acme')) {
    const acmeSites = sites.filter(({ issuer }) => issuer === 'acme');
    issuers.set('acme', (await acme()).issuer(certificates.acme, acmeSites));
  }
  if (!wanted.has('private-ca') && configuration.clientCertificates === undefined) {
    return { issuers, documents: servedDocuments(configuration, undefined), roots: () => [] };
  }
  const authority = await privateCa.use(configuration);
  const { leafLifetimeMs } = certificates.privateCa;
  if (wanted.has('private-ca')) {
    issuers.set('private-ca', privateCaIssuer({ authority, leafLifetimeMs }));
  }
  return {
    issuers,
    documents: servedDocuments(configuration, authority.bundle()),
    roots: () => authority.roots(),
  };
}

/** Lets nothing pass that the edges' TLS would refuse: a short key, a signature by SHA-1. */
function servable(issuer: Issuer): Issuer {
  return {
    async issue(names, signal) {
      const certifiedKey = await issuer.issue(names, signal);
      const { chainPem, privateKeyPem } = certifiedKey;
      try {
        assertKeySizes(chainPem);
        createSecureContext({ cert: chainPem, key: privateKeyPem });
      } catch (cause) {
        throw new MirrorgateError(
          'MIRRORGATE_CERTIFICATE_FILES',
          `TLS refuses the certificate for ${names.join(', ')}: ${errorMessage(cause)}`,
          {
            cause,
            hint: 'use an ECDSA key, or an RSA key of 2048 bits or more, signed by SHA-256',
          },
        );
      }
      return certifiedKey;
    },
    dueAt: (held, names) => issuer.dueAt(held, names),
  };
}

const minRsaBits = 2_048;

/** As OpenSSL at the security level that is Node 24's own; Node 22 has a lower one. */
function assertKeySizes(chainPem: string): void {
  for (const { publicKey } of parseChain(chainPem)) {
    const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? minRsaBits;
    if (bits < minRsaBits) throw new RangeError(`key too small: RSA of ${bits} bits`);
  }
}
