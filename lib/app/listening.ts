/** Addresses that edges are to listen on, and why they cannot. */
import { createServer } from 'node:net';
import type { EdgeSettings } from '../edge/settings.ts';
import type { ListenFailure } from '../edge/open-addresses.ts';
import { errorCode, errorMessage } from '../errors/mirrorgate-error.ts';
import { endpointText, type TcpEndpoint } from '../net/endpoint.ts';
import type { Failure } from './messages.ts';
import { StartError } from './start-error.ts';

const hints: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there: stop it, or change listen in the configuration',
  EACCES: 'ports below 1024 need root or CAP_NET_BIND_SERVICE (setcap, AmbientCapabilities=)',
  EADDRNOTAVAIL: 'this machine has no such address: correct listen in the configuration',
};

export function listenFailure({ endpoint, error }: ListenFailure): Failure {
  return {
    code: 'MIRRORGATE_EDGE_LISTEN',
    message: `cannot listen on ${endpointText(endpoint)}: ${errorMessage(error)}`,
    hint: hints[errorCode(error) ?? ''],
  };
}

/**
 * Several edges share their ports with whoever shares them too, another gate of this user among
 * them, and would not notice: so nobody may listen there before they do.
 * @throws StartError `MIRRORGATE_EDGE_LISTEN`
 */
export async function assertPortsFree({ sharesPorts, https, http }: EdgeSettings): Promise<void> {
  if (!sharesPorts) return;
  const endpoints = [...https.map(({ endpoint }) => endpoint), ...http];
  const outcomes = await Promise.all(endpoints.map(tryAlone));
  const failures = outcomes.filter((outcome) => outcome !== undefined);
  if (failures.length > 0) throw new StartError(failures.map(listenFailure));
}

/** Why nobody could listen there now; undefined where one could. */
export async function portTrouble(endpoint: TcpEndpoint): Promise<Failure | undefined> {
  const failure = await tryAlone(endpoint);
  return failure && listenFailure(failure);
}

/** Why it cannot be had alone, as it must be without `reusePort`. */
function tryAlone(endpoint: TcpEndpoint): Promise<ListenFailure | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => resolve({ endpoint, error }));
    server.listen({ host: endpoint.address, port: endpoint.port }, () => {
      server.close(() => resolve(undefined));
    });
  });
}
