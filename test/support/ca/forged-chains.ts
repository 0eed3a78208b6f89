/** What somebody may sign who has the root's key, and what a client that trusts it must refuse. */
import { encodeDer, objectIdentifier, octetString, sequence } from '../../../lib/ca/der.ts';
import {
  authorityConstraints,
  authorityKeyIdentifier,
  authorityKeyUsage,
  endEntityConstraints,
  signatureKeyUsage,
  subjectKeyIdentifier,
  subjectNames,
} from '../../../lib/ca/extensions.ts';
import { makeLeaf } from '../../../lib/ca/leaf.ts';
import { commonName, type Signer } from '../../../lib/ca/root.ts';
import { keyIdentifier, makeKeyPair, signCertificate } from '../../../lib/ca/signed-certificate.ts';
import type { CertifiedKey } from '../../../lib/certificates/issuer.ts';
import { dayMs } from '../test-certificates.ts';

/** A leaf for `names` as the CA itself makes it, whatever its constraints. */
export function forgedLeaf(signer: Signer, names: readonly string[], now: Date): CertifiedKey {
  return makeLeaf(signer, { names, lifetimeMs: dayMs, now });
}

/** A CA without constraints below `issuer`; it claims that five more may follow. */
export function forgedAuthority(issuer: Signer, subject: string, now: Date): Signer {
  const { publicKey, privateKey } = makeKeyPair();
  const certificate = signCertificate(
    {
      subject,
      issuer: commonName(issuer.certificate),
      publicKey,
      issuedAt: now,
      notAfter: new Date(now.getTime() + dayMs),
      extensions: [
        authorityConstraints(5),
        authorityKeyUsage(),
        subjectKeyIdentifier(keyIdentifier(publicKey)),
        authorityKeyIdentifier(keyIdentifier(issuer.certificate.publicKey)),
      ],
    },
    issuer.privateKey,
  );
  return { certificate, privateKey };
}

/** `leaf` with the CAs between it and the root. */
export function below(leaf: CertifiedKey, ...authorities: readonly Signer[]): CertifiedKey {
  const above = authorities.map(({ certificate }) => certificate.toString()).join('');
  return { ...leaf, chainPem: leaf.chainPem + above };
}

/** For TLS clients alone (id-kp-clientAuth), as it would be for a server. */
export function clientLeaf(signer: Signer, names: readonly string[], now: Date): CertifiedKey {
  const { publicKey, privateKey } = makeKeyPair();
  const usage = encodeDer(sequence(objectIdentifier('1.3.6.1.5.5.7.3.2')));
  const certificate = signCertificate(
    {
      subject: undefined,
      issuer: commonName(signer.certificate),
      publicKey,
      issuedAt: now,
      notAfter: new Date(now.getTime() + dayMs),
      extensions: [
        endEntityConstraints(),
        signatureKeyUsage(),
        sequence(objectIdentifier('2.5.29.37'), octetString(usage)),
        subjectNames(names),
        subjectKeyIdentifier(keyIdentifier(publicKey)),
        authorityKeyIdentifier(keyIdentifier(signer.certificate.publicKey)),
      ],
    },
    signer.privateKey,
  );
  return {
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    chainPem: certificate.toString(),
  };
}
