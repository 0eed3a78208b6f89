/** Addresses to listen on: `address:port`, `[address]:port`, and `unix:PATH` where allowed. */
import { addressText, tryAddress } from './address.ts';
import { urlHost } from './host-name.ts';

/** A TCP address to listen on; `address` is canonical text, IPv6 without brackets. */
export interface TcpEndpoint {
  readonly kind: 'tcp';
  readonly address: string;
  readonly port: number;
}

/** A unix socket; `path` is as written, not yet resolved. */
export interface UnixEndpoint {
  readonly kind: 'unix';
  readonly path: string;
}

export type Endpoint = TcpEndpoint | UnixEndpoint;

/** `0.0.0.0:443`, `[::1]:8443`. Port 0 asks the system for a free one. */
export function tryTcpEndpoint(text: string): TcpEndpoint | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):(0|[1-9][0-9]{0,4})$/.exec(text);
  if (match === null) return undefined;
  const [, bracketed, plain, portText] = match;
  const written = bracketed ?? plain ?? '';
  const bytes = tryAddress(written);
  const port = Number(portText);
  if (bytes === undefined || port > 65535) return undefined;
  if (bracketed !== undefined && bytes.length === 4) return undefined;
  return { kind: 'tcp', address: addressText(bytes), port };
}

export function tryEndpoint(text: string): Endpoint | undefined {
  if (text.startsWith('unix:') && text.length > 'unix:'.length) {
    return { kind: 'unix', path: text.slice('unix:'.length) };
  }
  return tryTcpEndpoint(text);
}

export function endpointText(endpoint: Endpoint): string {
  return endpoint.kind === 'unix'
    ? `unix:${endpoint.path}`
    : `${urlHost(endpoint.address)}:${endpoint.port}`;
}
