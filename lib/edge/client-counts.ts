/** What each client has open: connections of its own, and requests that proxies pass on for it. */
export class ClientCounts {
  readonly #open = new Map<string, number>();

  of(client: string): number {
    return this.#open.get(client) ?? 0;
  }

  add(client: string): void {
    this.#open.set(client, this.of(client) + 1);
  }

  remove(client: string): void {
    const left = this.of(client) - 1;
    if (left > 0) this.#open.set(client, left);
    else this.#open.delete(client);
  }
}
