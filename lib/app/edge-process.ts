/** Entry of an edge process: holds leaf keys only, and writes nothing to the disk. */
import { buildAllowList } from '../access/allow-list.ts';
import { Edge, type ListenFailure } from '../edge/edge.ts';
import { assertNever } from '../errors/assert-never.ts';
import { errorCode, errorMessage } from '../errors/mirrorgate-error.ts';
import { endpointText } from '../net/endpoint.ts';
import type { Logger } from '../telemetry/logger.ts';
import { systemClock } from '../time/clock.ts';
import type { EdgeReport, EdgeRequest, EdgeUpdate, Failure } from './messages.ts';
import { enterProcess } from './process-entry.ts';

let edge: Edge | undefined;

async function update(target: Edge, request: EdgeUpdate): Promise<ListenFailure[]> {
  const { settings, certificates, allowList } = request;
  if (allowList !== undefined) target.setAllowList(buildAllowList(allowList));
  if ('trust' in request) target.setTrust(request.trust);
  for (const { site, certifiedKey } of certificates ?? [])
    target.setCertificate(site, certifiedKey);
  return settings === undefined ? [] : await target.configure(settings);
}

function listenFailure({ endpoint, error }: ListenFailure): Failure {
  const address = endpointText(endpoint);
  const hints: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program listens there: stop it, or change listen in the configuration',
    EACCES: 'ports below 1024 need root or CAP_NET_BIND_SERVICE (setcap, AmbientCapabilities=)',
    EADDRNOTAVAIL: 'this machine has no such address: correct listen in the configuration',
  };
  const code = errorCode(error) ?? '';
  return {
    code: 'MIRRORGATE_EDGE_LISTEN',
    message: `cannot listen on ${address}: ${errorMessage(error)}`,
    hint: hints[code],
  };
}

enterProcess<EdgeRequest, EdgeReport>({
  async onRequest(
    request,
    { logger, report }: { logger: Logger; report: (r: EdgeReport) => void },
  ) {
    edge ??= new Edge({ clock: systemClock, logger });
    switch (request.kind) {
      case 'update': {
        const failures = await update(edge, request);
        const { addresses } = edge;
        report({ kind: 'updated', addresses, failures: failures.map(listenFailure) });
        return;
      }
      case 'drain':
        await edge.close(request.graceMs);
        process.exit(0);
        return;
      default:
        assertNever(request);
    }
  },
});
process.send?.({ kind: 'started' } satisfies EdgeReport);
