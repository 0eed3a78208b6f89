/** Repositories whose upstream has said yes to a blob; each gets a record of it. */
import type { RepositoryKey } from '../store/layout.ts';
import type { BlobQuery } from './blob-origin.ts';

export class Grants {
  readonly #keys = new Map<string, RepositoryKey>();
  readonly #first: string;

  constructor(first: BlobQuery) {
    this.#first = keyOf(first);
    this.add(first);
  }

  /** Whether the transfer runs on its account, so that what the upstream answered is its answer. */
  isFirst(query: BlobQuery): boolean {
    return keyOf(query) === this.#first;
  }

  has(query: BlobQuery): boolean {
    return this.#keys.has(keyOf(query));
  }

  add(query: BlobQuery): void {
    const { mirror, repository } = query;
    this.#keys.set(keyOf(query), { mirror: mirror.name, repository });
  }

  /** Those given until now. */
  keys(): RepositoryKey[] {
    return [...this.#keys.values()];
  }
}

function keyOf({ mirror, repository }: BlobQuery): string {
  return `${mirror.name}/${repository}`;
}
