/**
 * The header X-Forwarded-For: every proxy on the way puts the address that it was asked by at the
 * end. What stands left of the first address that no trusted proxy has is whatever a client wrote.
 */
import { tryAddress, type AddressBytes } from './address.ts';

/**
 * The rightmost address that is not trusted; the leftmost where all are. Undefined where what
 * decides is no address: `unknown`, a name, a port, an empty place.
 */
export function tryForwardedClient(
  header: string,
  isTrusted: (address: AddressBytes) => boolean,
): AddressBytes | undefined {
  let client: AddressBytes | undefined;
  for (const place of header.split(',').reverse()) {
    client = tryAddress(place.replace(/^[ \t]+|[ \t]+$/g, ''));
    if (client === undefined || !isTrusted(client)) return client;
  }
  return client;
}
