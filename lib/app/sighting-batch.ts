/**
 * What an edge saw of the CA's clients since it last told: one entry for an address, however many
 * connections it made. A batch that is full forgets newcomers until it is sent, a moment later.
 */
import type { ClientSighting } from '../ca/client-sightings.ts';
import type { TrustSighting } from '../edge/observer.ts';
import type { Clock } from '../time/clock.ts';

const delayMs = 1_000;
const maxClients = 5_000;

export class SightingBatch {
  readonly #clock: Clock;
  readonly #send: (sightings: readonly ClientSighting[]) => void;
  readonly #byAddress = new Map<string, ClientSighting>();

  constructor(clock: Clock, send: (sightings: readonly ClientSighting[]) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  add(sighting: TrustSighting): void {
    const { client: address, label } = sighting;
    const known = this.#byAddress.get(address);
    if (known === undefined && this.#byAddress.size >= maxClients) return;
    this.#byAddress.set(address, { ...known, address, label, ...this.#seen(sighting) });
    if (this.#byAddress.size === 1 && known === undefined) {
      this.#clock.after(delayMs, () => this.#flush());
    }
  }

  #seen(sighting: TrustSighting): Omit<ClientSighting, 'address' | 'label'> {
    const at = this.#clock.now();
    switch (sighting.kind) {
      case 'accepted':
        return { acceptedAt: at };
      case 'refused':
        return { refusedAt: at };
      case 'fetched':
        return { fetchedAt: at, fetchedVersion: sighting.bundleVersion };
    }
  }

  #flush(): void {
    const sightings = [...this.#byAddress.values()];
    this.#byAddress.clear();
    this.#send(sightings);
  }
}
