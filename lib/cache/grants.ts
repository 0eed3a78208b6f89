/** Repositories whose upstream has said yes to a blob; each gets a record of it. */
import type { RepositoryKey } from '../store/layout.ts';
import type { BlobQuery } from './blob-origin.ts';

export class Grants {
  readonly #keys = new Map<string, RepositoryKey>();

  constructor(first: BlobQuery) {
    this.add(first);
  }

  has({ mirror, repository }: BlobQuery): boolean {
    return this.#keys.has(`${mirror.name}/${repository}`);
  }

  add({ mirror, repository }: BlobQuery): void {
    this.#keys.set(`${mirror.name}/${repository}`, { mirror: mirror.name, repository });
  }

  /** Those given until now. */
  keys(): RepositoryKey[] {
    return [...this.#keys.values()];
  }
}
