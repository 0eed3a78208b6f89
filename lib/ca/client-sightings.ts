/**
 * What the edges saw of the CA's clients, kept over restarts: which roots each address has
 * fetched, and whether it takes our certificates. Bounded; whoever was not seen longest goes first.
 */
import { join } from 'node:path';
import type { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { fingerprint } from '../certificates/certificate-facts.ts';
import { readFileIfPresent, writeFileAtomically } from '../files/atomic-file.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { ClientEvidence, ClientTrust, LackingClient } from './client-evidence.ts';

/** What an edge saw of one address. Dates where it was so, the last of several. */
export interface ClientSighting {
  readonly address: string;
  /** As in the allow-list. */
  readonly label: string | undefined;
  /** It asked for something under a certificate of the CA. */
  readonly acceptedAt?: Date;
  /** It broke a handshake off, since it knew no root of ours. */
  readonly refusedAt?: Date;
  readonly fetchedAt?: Date;
  readonly fetchedVersion?: number;
}

/** The roots of the bundle of this version. */
export interface PublishedRoots {
  readonly version: number;
  readonly roots: readonly { readonly certificate: X509Certificate }[];
}

interface Client extends Omit<ClientSighting, 'fetchedVersion'> {
  /** Fingerprints of what it fetched last. */
  readonly roots: readonly string[];
}

export interface ClientSightingsOptions {
  /** The state directory, which must be there. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const maxClients = 10_000;
/** Bundles that a client may have fetched while the next one was made. */
const maxVersions = 8;
const saveDelayMs = 10_000;

const date = z.iso.datetime().transform((text) => new Date(text));
const format = z.strictObject({
  version: z.literal(1),
  clients: z
    .array(
      z.strictObject({
        address: z.string(),
        label: z.string().optional(),
        acceptedAt: date.optional(),
        refusedAt: date.optional(),
        fetchedAt: date.optional(),
        roots: z.array(z.string()),
      }),
    )
    .max(maxClients),
});

export class ClientSightings implements ClientEvidence {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** In the order in which they were seen last. */
  readonly #clients = new Map<string, Client>();
  readonly #published = new Map<number, readonly string[]>();
  #timer: Timer | undefined;
  #saving: Promise<void> = Promise.resolve();

  private constructor({ directory, clock, logger }: ClientSightingsOptions) {
    this.#path = clientsPath(directory);
    this.#clock = clock;
    this.#logger = logger;
  }

  /** What was kept. Where that is damaged, it says so and begins anew. Never rejects. */
  static async open(options: ClientSightingsOptions): Promise<ClientSightings> {
    const sightings = new ClientSightings(options);
    await sightings.#load();
    return sightings;
  }

  /** How many clients are known. */
  get size(): number {
    return this.#clients.size;
  }

  /** To be told of each bundle before clients can fetch it. */
  published({ version, roots }: PublishedRoots): void {
    this.#published.set(
      version,
      roots.map(({ certificate }) => fingerprint(certificate)),
    );
    const [oldest] = this.#published.keys();
    if (this.#published.size > maxVersions && oldest !== undefined) this.#published.delete(oldest);
  }

  note(sightings: readonly ClientSighting[]): void {
    for (const { fetchedVersion, ...seen } of sightings) {
      const known = this.#clients.get(seen.address);
      const fetched =
        fetchedVersion === undefined ? undefined : this.#published.get(fetchedVersion);
      const roots = fetched ?? known?.roots ?? [];
      this.#clients.delete(seen.address);
      this.#clients.set(seen.address, { ...known, ...seen, roots });
    }
    for (const address of this.#clients.keys()) {
      if (this.#clients.size <= maxClients) break;
      this.#clients.delete(address);
    }
    this.#timer ??= this.#clock.after(saveDelayMs, () => void this.#save());
  }

  lacking(root: string, since: Date): readonly LackingClient[] {
    return [...this.#clients.values()].flatMap((client): LackingClient[] => {
      const lastSeen = lastSeenAt(client);
      const reason = lastSeen < since ? undefined : lackReason(client, root);
      if (reason === undefined) return [];
      const { address, label } = client;
      return [{ address, label, lastSeen, reason }];
    });
  }

  /** `incoming` is the fingerprint of the root that a rotation brings, where one goes on. */
  trustOf(address: string, incoming: string | undefined): ClientTrust {
    const client = this.#clients.get(address);
    if (client === undefined) return 'unknown';
    if (isRefusing(client)) return 'fails-handshakes';
    if (incoming !== undefined) {
      return lackReason(client, incoming) === undefined ? 'has-new-root' : 'lacks-new-root';
    }
    return client.acceptedAt === undefined ? 'unknown' : 'trusts';
  }

  /** Idempotent. Resolves when what is known is on disk, or cannot be. */
  async close(): Promise<void> {
    if (this.#timer !== undefined) await this.#save();
    await this.#saving;
  }

  async #load(): Promise<void> {
    try {
      const text = await readFileIfPresent(this.#path);
      if (text === undefined) return;
      for (const client of format.parse(JSON.parse(text.toString())).clients) {
        this.#clients.set(client.address, { ...present(client), label: client.label });
      }
    } catch (error) {
      this.#logger.error('what was known of the clients of the private CA is lost', {
        path: this.#path,
        ...errorFields(error),
        hint: 'they are known again as they come; until then a rotation does not wait for them',
      });
    }
  }

  #save(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#saving = this.#saving.then(async () => {
      const content = { version: 1, clients: [...this.#clients.values()] };
      try {
        await writeFileAtomically(this.#path, `${JSON.stringify(content)}\n`);
      } catch (error) {
        const path = this.#path;
        this.#logger.warn('clients of the private CA not saved', { path, ...errorFields(error) });
      }
    });
    return this.#saving;
  }
}

export function clientsPath(stateDirectory: string): string {
  return join(stateDirectory, 'ca-clients.json');
}

function lastSeenAt({ acceptedAt, refusedAt, fetchedAt }: Client): Date {
  const times = [acceptedAt, refusedAt, fetchedAt].map((at) => at?.getTime() ?? 0);
  return new Date(Math.max(...times));
}

/** Why a client may not trust `root`; undefined where it has it and last took our certificate. */
function lackReason(client: Client, root: string): string | undefined {
  const { fetchedAt, roots } = client;
  if (fetchedAt === undefined) return 'never fetched the bundle';
  if (!roots.includes(root)) return `fetched the bundle before the new root was in it`;
  return isRefusing(client) ? 'has fetched the new root, but refuses our certificate' : undefined;
}

/** Whether it refused our certificate last; who never took one is given credit for fetching the roots. */
function isRefusing({ acceptedAt, refusedAt, fetchedAt }: Client): boolean {
  if (refusedAt === undefined) return false;
  const better = acceptedAt ?? fetchedAt;
  return better === undefined || refusedAt > better;
}

/** Without the keys whose value is undefined. */
function present(client: z.output<typeof format>['clients'][number]): Omit<Client, 'label'> {
  const { address, acceptedAt, refusedAt, fetchedAt, roots } = client;
  return {
    address,
    roots,
    ...(acceptedAt && { acceptedAt }),
    ...(refusedAt && { refusedAt }),
    ...(fetchedAt && { fetchedAt }),
  };
}
