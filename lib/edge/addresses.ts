/** The addresses that the settings want open, and what each stands for. */
import { cidrText, type Cidr } from '../net/cidr.ts';
import { endpointText, type TcpEndpoint } from '../net/endpoint.ts';
import type { AddressRole } from './https-listener.ts';
import type { EdgeSettings } from './settings.ts';

export interface Address {
  /** What cannot change while it is open: its kind and endpoint. */
  readonly key: string;
  readonly endpoint: TcpEndpoint;
  /** Load balancers that are heard there, and nobody else. */
  readonly proxiedFrom?: readonly Cidr[] | undefined;
  /** Undefined for plain http. */
  readonly role: AddressRole | undefined;
}

export function wantedAddresses({ https, http, sites }: EdgeSettings): Address[] {
  // The universal hosts come first among the sites: they suit every client without a server name.
  const shared = sites[0]?.name ?? '';
  return [
    ...https.map(({ endpoint, mirror, proxiedFrom }) => {
      const own = sites.some(({ name }) => name === mirror) ? mirror : undefined;
      const role = { mirror, defaultSite: own ?? shared };
      const heard = proxiedFrom === undefined ? '' : ` from ${proxiedFrom.map(cidrText).join()}`;
      return { key: `https ${endpointText(endpoint)}${heard}`, endpoint, proxiedFrom, role };
    }),
    ...http.map((endpoint) => ({
      key: `http ${endpointText(endpoint)}`,
      endpoint,
      role: undefined,
    })),
  ];
}

/** An address that is listened on; `port` is the real one where the endpoint's is 0. */
export interface BoundAddress {
  readonly endpoint: TcpEndpoint;
  readonly port: number;
  readonly secure: boolean;
  readonly mirror: string | undefined;
}
