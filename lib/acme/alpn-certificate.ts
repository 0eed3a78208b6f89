/** The certificate that a CA wants to see for tls-alpn-01 (RFC 8737 §3); nobody else trusts it. */
import { encodeDer, objectIdentifier, octetString, sequence, truth } from '../ca/der.ts';
import { subjectNames } from '../ca/extensions.ts';
import { makeKeyPair, signCertificate } from '../ca/signed-certificate.ts';
import type { CertifiedKey } from '../certificates/issuer.ts';

/** An order is over long before. */
const lifetimeMs = 24 * 60 * 60 * 1000;
const name = 'ACME challenge';

export interface AlpnCertificateOptions {
  /** The one name or address in it. */
  readonly host: string;
  /** SHA-256 of the key authorization. */
  readonly digest: Uint8Array;
  readonly now: Date;
}

export function alpnCertificate({ host, digest, now }: AlpnCertificateOptions): CertifiedKey {
  const { publicKey, privateKey } = makeKeyPair();
  // id-pe-acmeIdentifier, critical; its value is an OCTET STRING within that of the extension.
  const acmeIdentifier = sequence(
    objectIdentifier('1.3.6.1.5.5.7.1.31'),
    truth(),
    octetString(encodeDer(octetString(digest))),
  );
  const certificate = signCertificate(
    {
      subject: name,
      issuer: name,
      publicKey,
      issuedAt: now,
      notAfter: new Date(now.getTime() + lifetimeMs),
      extensions: [subjectNames([host]), acmeIdentifier],
    },
    privateKey,
  );
  return {
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    chainPem: certificate.toString(),
  };
}
