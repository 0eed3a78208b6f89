/** What a gate tells once it serves, to whoever has started it. */
import type { Configuration } from '../config/configuration.ts';
import type { BoundAddress } from '../edge/addresses.ts';
import type { TrustDocuments } from '../edge/settings.ts';
import type { Endpoint } from '../net/endpoint.ts';

export interface GateFacts {
  readonly configuration: Configuration;
  readonly addresses: readonly BoundAddress[];
  readonly admin: Endpoint;
  readonly trust: TrustDocuments | undefined;
}
