/** What a route or a refusal of the router comes to, in short. */
import type { HostRoute, RegistryRoute } from '../../../lib/edge/router.ts';
import type { EdgeMirror } from '../../../lib/edge/settings.ts';
import { errorResponse } from '../../../lib/oci/error-responses.ts';
import { pullPath } from '../../../lib/oci/pull-path.ts';
import { errorOf } from '../rejection.ts';

export const universal: HostRoute = { kind: 'universal' };

export function hostOf(mirror: EdgeMirror): HostRoute {
  return { kind: 'mirror', mirror };
}

/** `mirror path` of what a target on a host leads to. */
export function led(route: RegistryRoute): string {
  return route.kind === 'ping' ? 'ping' : `${route.mirror.name} ${pullPath(route.pull)}`;
}

/** `status CODE` that a client gets for the error of `call`. */
export function refused(call: () => unknown): string {
  const { status, code } = errorResponse(errorOf(call));
  return `${status} ${code}`;
}
