/** What the command line may have a running gate do, over its control socket. */
import type { Configuration } from '../config/configuration.ts';
import type { Bandwidth } from './bandwidth.ts';
import { cacheCommands } from './cache-commands.ts';
import type { Certification } from './certification.ts';
import type { ControlCommands } from './control-server.ts';
import type { Fleet } from './fleet.ts';
import type { Lookout } from './lookout.ts';
import type { PrivateCa } from './private-ca.ts';

export interface CommandedParts {
  readonly configuration: () => Configuration;
  readonly lookout: Lookout;
  readonly fleet: Fleet;
  readonly bandwidth: Bandwidth;
  readonly privateCa: PrivateCa;
  readonly certification: Certification;
}

export function gateCommands(parts: CommandedParts): ControlCommands {
  const { configuration, lookout, fleet, bandwidth, privateCa, certification } = parts;
  return {
    ...lookout.commands(),
    ...cacheCommands(fleet, configuration),
    clients: () => Promise.resolve(bandwidth.clients()),
    ...privateCa.commands(),
    'cert-list': () => certification.reports(),
    'cert-renew': (name) => certification.renew(name),
  };
}
