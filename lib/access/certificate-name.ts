/**
 * Names of client certificates, as the private CA writes them and the allow-list names them. They
 * hold no dot: verifiers take a common name with dots for a DNS name, and hold it against the
 * root's name constraints.
 */
export const certificateNamePattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const clientPrefix = 'certificate:';

/** How whoever has its right by a certificate is called where others are called by their address. */
export function certificateClient(name: string): string {
  return `${clientPrefix}${name}`;
}

/** The name in what {@link certificateClient} made. */
export function tryCertificateName(client: string): string | undefined {
  return client.startsWith(clientPrefix) ? client.slice(clientPrefix.length) : undefined;
}
