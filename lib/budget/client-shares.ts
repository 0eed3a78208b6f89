/**
 * How a client's rate is parted among edges that do not know of each other's connections: by how
 * many of them each has.
 */

export class ClientShares {
  /** By edge, then by client. */
  readonly #open = new Map<string, ReadonlyMap<string, number>>();

  /** What an edge told of its connections, in place of what it told before. */
  set(edge: string, open: readonly (readonly [client: string, connections: number])[]): void {
    this.#open.set(edge, new Map(open));
  }

  /** The edge is gone, and its connections with it. */
  forget(edge: string): void {
    this.#open.delete(edge);
  }

  /** For each edge the parts, from 0 to 1, of the clients that it has. */
  all(): Map<string, Map<string, number>> {
    return new Map([...this.#open.keys()].map((edge) => [edge, this.#of(edge)]));
  }

  #of(edge: string): Map<string, number> {
    const shares = new Map<string, number>();
    for (const [client, count] of this.#open.get(edge) ?? []) {
      shares.set(client, count / this.#total(client));
    }
    return shares;
  }

  #total(client: string): number {
    let total = 0;
    for (const open of this.#open.values()) total += open.get(client) ?? 0;
    return total;
  }
}
