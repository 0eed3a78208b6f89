/**
 * The header fields that cross the edge between a client and a service, in each direction: all but
 * those of one hop, and of the client's origin only what we know ourselves.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Peer } from './peer.ts';

/** Meant for one hop only (RFC 9110 §7.6.1). */
const hopFields = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
];

/** What a client could say of its origin. */
const originFields = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
];

/** A sender may call any field its connection's own; without these a message would be another. */
const framingFields = new Set(['content-length', 'host', 'transfer-encoding']);

/** Makes the headers of `request` those that the backend gets. */
export function prepareServiceRequest(request: IncomingMessage, peer: Peer): void {
  const { headers, socket } = request;
  removeFields(headers, [...ownFields(headers), ...originFields]);
  headers['x-forwarded-for'] = peer.address;
  headers['x-forwarded-host'] = headers.host ?? '';
  headers['x-forwarded-port'] = String(socket.localPort ?? '');
  headers['x-forwarded-proto'] = 'https';
}

/** As {@link prepareServiceRequest}, for a request that asks to become a WebSocket (RFC 6455 §4.1). */
export function prepareServiceUpgrade(request: IncomingMessage, peer: Peer): void {
  prepareServiceRequest(request, peer);
  request.headers.connection = 'Upgrade';
  request.headers.upgrade = 'websocket';
}

/** The fields of a backend's answer that the client gets; how it is framed is our matter. */
export function serviceAnswerHeaders({ headers }: IncomingMessage): IncomingHttpHeaders {
  const kept = { ...headers };
  removeFields(kept, [...ownFields(headers), 'transfer-encoding']);
  return kept;
}

/** The fields that belong to the sender's connection, by standard or by its own word. */
function ownFields({ connection = '' }: IncomingHttpHeaders): string[] {
  const named = connection.split(',').map((name) => name.trim().toLowerCase());
  return [...hopFields, ...named.filter((name) => !framingFields.has(name))];
}

function removeFields(headers: IncomingHttpHeaders, names: readonly string[]): void {
  for (const name of names) Reflect.deleteProperty(headers, name);
}
