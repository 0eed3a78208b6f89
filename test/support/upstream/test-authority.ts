/** A certificate authority that lives as long as a test, for fake upstreams over TLS. */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import forge from 'node-forge';
import type { TlsFiles } from './fake-server.ts';

export interface TestAuthority {
  /** The root, PEM. */
  readonly root: string;
  /** A certificate for DNS names and addresses; valid for a day. */
  issue(names: readonly string[]): TlsFiles;
}

export function createTestAuthority(): TestAuthority {
  const keys = createKeys();
  const value = `mirrorgate test authority ${randomUUID()}`;
  const name = [{ name: 'commonName', value }];
  const root = forge.pki.createCertificate();
  prepare(root, keys.publicKey);
  root.setSubject(name);
  root.setIssuer(name);
  root.setExtensions([
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, critical: true },
  ]);
  root.sign(keys.privateKey, forge.md.sha256.create());
  return {
    root: forge.pki.certificateToPem(root),
    issue(names) {
      const leafKeys = createKeys();
      const leaf = forge.pki.createCertificate();
      prepare(leaf, leafKeys.publicKey);
      leaf.setSubject([{ name: 'commonName', value: 'mirrorgate test server' }]);
      leaf.setIssuer(name);
      leaf.setExtensions([
        { name: 'extKeyUsage', serverAuth: true },
        { name: 'subjectAltName', altNames: names.map(altName) },
      ]);
      leaf.sign(keys.privateKey, forge.md.sha256.create());
      return { cert: forge.pki.certificateToPem(leaf), key: leafKeys.pem };
    },
  };
}

function createKeys(): {
  readonly pem: string;
  readonly privateKey: forge.pki.rsa.PrivateKey;
  readonly publicKey: forge.pki.rsa.PublicKey;
} {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return {
    pem: privateKey,
    privateKey: forge.pki.privateKeyFromPem(privateKey),
    publicKey: forge.pki.publicKeyFromPem(publicKey),
  };
}

function prepare(certificate: forge.pki.Certificate, publicKey: forge.pki.PublicKey): void {
  const dayMs = 24 * 60 * 60 * 1000;
  certificate.publicKey = publicKey;
  certificate.serialNumber = `01${forge.util.bytesToHex(forge.random.getBytesSync(8))}`;
  certificate.validity.notBefore = new Date(Date.now() - dayMs);
  certificate.validity.notAfter = new Date(Date.now() + dayMs);
}

/** GeneralName (RFC 5280 §4.2.1.6): 7 is an address, 2 a DNS name. */
function altName(name: string): Record<string, unknown> {
  return isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name };
}
