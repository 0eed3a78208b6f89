/** Certificate files as an operator brings them, for the issuer `files`. */
import type { CertificateFiles } from '../../../lib/certificates/files-issuer.ts';
import { runCommand } from '../lab/command.ts';
import { machine } from '../lab/place.ts';
import { testCertifiedKey, testRoot } from '../test-certificates.ts';
import type { GateFolder } from './gate-folder.ts';

export interface PairOptions {
  readonly names: readonly string[];
  /** A self-signed RSA certificate of this size; else a P-256 one of {@link operatorRoot}. */
  readonly rsaBits?: number;
}

/** What clients of the operator's certificates trust. */
export const operatorRoot = testRoot({ permitted: ['example.test'], now: new Date() });

/** Writes both files, the key first: a gate that reads in between finds a pair that does not match. */
export async function writePair(
  folder: Pick<GateFolder, 'write' | 'join'>,
  { certificate, key }: CertificateFiles,
  { names, rsaBits }: PairOptions,
): Promise<void> {
  if (rsaBits !== undefined) {
    const alternatives = names.map((name) => `DNS:${name}`).join(',');
    await runCommand(machine, [
      ...['openssl', 'req', '-x509', '-newkey', `rsa:${rsaBits}`, '-nodes', '-days', '7'],
      ...['-subj', '/CN=test', '-addext', `subjectAltName=${alternatives}`],
      ...['-keyout', folder.join(key), '-out', folder.join(certificate)],
    ]);
    return;
  }
  const made = testCertifiedKey(names, { root: operatorRoot, now: new Date() });
  await folder.write(key, made.privateKeyPem);
  await folder.write(certificate, made.chainPem);
}
