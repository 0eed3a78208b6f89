/** What a client's certificate says, once OpenSSL has verified it against the roots of the CA. */
import type { TLSSocket } from 'node:tls';
import { certificateNamePattern } from '../access/certificate-name.ts';

/** id-kp-clientAuth (RFC 5280 §4.2.1.12). */
const clientAuthentication = '1.3.6.1.5.5.7.3.2';

/**
 * The name that the client of a finished handshake proved to have. Undefined where it showed no
 * certificate, or one that does not verify, is for no client, or names none; a resumed session
 * proves nothing.
 */
export function tryClientName(socket: TLSSocket): string | undefined {
  if (!socket.authorized || socket.isSessionReused()) return undefined;
  const certificate = socket.getPeerX509Certificate();
  // Whatever its type says, a certificate without the extension has none.
  const purposes = certificate?.keyUsage as readonly string[] | undefined;
  if (certificate === undefined || purposes?.includes(clientAuthentication) !== true) {
    return undefined;
  }
  const name = /^CN=(.*)$/s.exec(certificate.subject)?.[1] ?? '';
  return certificateNamePattern.test(name) ? name : undefined;
}
