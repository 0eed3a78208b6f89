/** What a peer may ask of us, judged again for every request: lists change under live connections. */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { tryDnsName, type HostName } from '../net/host-name.ts';
import type { Peer } from './peer.ts';

/** As much of a peer as rights are about. */
type Rightful = Pick<Peer, 'address' | 'admission'>;

/** RFC 9110 §7.4: a request for another host than the handshake's may have taken a wrong turn. */
export function assertSameName(serverName: string | undefined, host: HostName): void {
  if (serverName === undefined || tryDnsName(serverName) === host) return;
  throw new MirrorgateError(
    'MIRRORGATE_REQUEST_MISDIRECTED',
    `the request is for ${host}, the TLS handshake was for another host`,
  );
}

export function assertAdmitted(peer: Rightful): void {
  if (peer.admission !== undefined) return;
  throw new MirrorgateError('MIRRORGATE_ACCESS_DENIED', `${peer.address} is not on the allow-list`);
}

export function assertPermitted(peer: Rightful, name: string): void {
  assertAdmitted(peer);
  if (peer.admission?.permits(name) === true) return;
  throw new MirrorgateError(
    'MIRRORGATE_ACCESS_DENIED',
    `${peer.address} is on the allow-list, but not for "${name}"`,
  );
}
