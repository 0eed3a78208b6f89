/** Files of many PEM certificates, edited without touching what is not ours. */

const certificate =
  /-----BEGIN (?:TRUSTED )?CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+?-----END (?:TRUSTED )?CERTIFICATE-----\r?\n?/g;

export function splitCertificates(pem: string): string[] {
  return pem.match(certificate) ?? [];
}

/** `pem` without the certificates `unwanted`, however their lines are broken. */
export function removeCertificates(pem: string, unwanted: readonly string[]): string {
  const bodies = new Set(unwanted.map(bodyOf));
  return pem.replace(certificate, (found) => (bodies.has(bodyOf(found)) ? '' : found));
}

function bodyOf(pem: string): string {
  return pem.replace(/-----[^-]+-----|\s/g, '');
}
