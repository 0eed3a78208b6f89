/**
 * Opens connections to upstreams and to nothing else: every address is judged before it is dialled
 * and again on the connected socket, on each connection anew (DNS rebinding), before any byte is
 * sent. TLS is always verified, whatever the environment says.
 */
import { lookup as systemLookup } from 'node:dns';
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, getCACertificates } from 'node:tls';
import type { buildConnector } from 'undici';
import { errorCode, errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';
import { tryPeerAddress } from '../net/address.ts';
import { urlHost } from '../net/host-name.ts';
import type { Clock } from '../time/clock.ts';
import type { AddressPolicy } from './address-policy.ts';
import { UpstreamRefusedError, UpstreamUnreachableError } from './errors.ts';

export interface ConnectorOptions {
  readonly permits: AddressPolicy;
  /** PEM of roots to trust beside the default ones. */
  readonly trust: string | undefined;
  readonly clock: Clock;
  readonly connectDeadlineMs: number;
  /** Dials IPv4 addresses of a name before others. */
  readonly prefersIPv4: boolean;
  /** The system's resolver unless told. */
  readonly lookup?: LookupFunction | undefined;
}

const keepAliveProbeMs = 60_000;

/**
 * A connector for undici: HTTP/1.1 over TCP or TLS 1.2 and later, all addresses of a name raced
 * (RFC 8305). Fails with `MIRRORGATE_UPSTREAM_REFUSED` where no permitted address is left, with
 * `MIRRORGATE_UPSTREAM_UNREACHABLE` for everything else.
 */
export function guardedConnector(options: ConnectorOptions): buildConnector.connector {
  const { permits, trust, clock, connectDeadlineMs } = options;
  const lookup = guardedLookup(options.lookup ?? systemLookup, options);
  const secureContext = createSecureContext({
    ca: [...getCACertificates('default'), ...(trust === undefined ? [] : [trust])],
    minVersion: 'TLSv1.2',
  });

  return ({ hostname, protocol, port }, callback) => {
    const isTls = protocol === 'https:';
    const portNumber = port === '' ? (isTls ? 443 : 80) : Number(port);
    const host = `${urlHost(hostname)}:${portNumber}`;
    const sockets: Socket[] = [];
    let settled = false;

    const fail = (error: Error): void => {
      for (const socket of sockets) socket.destroy();
      if (settled) return;
      settled = true;
      deadline.cancel();
      callback(connectError(error, host), null);
    };
    const succeed = (socket: Socket): void => {
      if (settled) return;
      settled = true;
      deadline.cancel();
      callback(null, socket);
    };
    const watch = (socket: Socket): void => {
      sockets.push(socket);
      socket.on('error', fail);
      socket.once('close', () => fail(new Error('the connection was closed')));
    };
    const deadline = clock.after(connectDeadlineMs, () =>
      fail(new Error(`no connection within ${connectDeadlineMs} ms`)),
    );

    if (isIP(hostname) !== 0 && !isPermitted(hostname, permits)) {
      queueMicrotask(() => fail(forbidden(host, [hostname])));
      return;
    }
    const tcp = connectTcp({
      host: hostname,
      port: portNumber,
      lookup,
      autoSelectFamily: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveProbeMs,
    });
    watch(tcp);
    tcp.once('connect', () => {
      if (!isPermitted(tcp.remoteAddress, permits)) {
        fail(forbidden(host, [tcp.remoteAddress ?? 'an unknown address']));
        return;
      }
      if (!isTls) {
        succeed(tcp);
        return;
      }
      const tls = connectTls({
        socket: tcp,
        host: hostname,
        // RFC 6066 §3: an address is no server name; the certificate is then held against `host`.
        ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
        secureContext,
        ALPNProtocols: ['http/1.1'],
        rejectUnauthorized: true,
      });
      watch(tls);
      tls.once('secureConnect', () => succeed(tls));
    });
  };
}

/** `lookup`, with the addresses that `permits` forbids taken out; none left is an error. */
function guardedLookup(
  lookup: LookupFunction,
  { permits, prefersIPv4 }: Pick<ConnectorOptions, 'permits' | 'prefersIPv4'>,
): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found, family) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const addresses = Array.isArray(found) ? found : [{ address: found, family: family ?? 0 }];
      const permitted = addresses.filter(({ address }) => isPermitted(address, permits));
      if (prefersIPv4) permitted.sort((left, right) => left.family - right.family);
      const [first] = permitted;
      if (first === undefined) {
        const refused = addresses.map(({ address }) => address);
        callback(forbidden(hostname, refused), []);
      } else if (options.all === true) {
        callback(null, permitted);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}

function isPermitted(text: string | undefined, permits: AddressPolicy): boolean {
  const address = tryPeerAddress(text);
  return address !== undefined && permits(address);
}

function forbidden(host: string, addresses: readonly string[]): UpstreamRefusedError {
  const listed = addresses.slice(0, 4).join(', ') || 'no address';
  return new UpstreamRefusedError(`${host} is at ${listed}, which is not on the public internet`, {
    host,
    hint: 'if this mirror is meant to reach it, set allowPrivateUpstream: true on the mirror',
  });
}

/** Codes of OpenSSL for a chain that ends in no root that we have. */
const untrustedCodes = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

function connectError(error: Error, host: string): MirrorgateError {
  if (error instanceof MirrorgateError) return error;
  const hint = untrustedCodes.has(errorCode(error) ?? '')
    ? 'if the upstream has a private root, name its PEM in upstreamTrust'
    : 'see whether the name resolves and the port answers from this machine';
  return new UpstreamUnreachableError(`${host} cannot be reached: ${errorMessage(error)}`, {
    host,
    hint,
    cause: error,
  });
}
