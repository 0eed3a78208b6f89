/**
 * The state of ACME in a running gate, over reloads of its configuration: who is at work on what,
 * and what is remembered. Memory leads; the disk follows.
 */
import type { AccountRecord } from './account-record.ts';
import type { AcmeStore } from './acme-files.ts';
import { setName } from './identifiers.ts';
import { emptyRecord, type IssuanceRecord } from './issuance-record.ts';
import { Turnstile } from './turnstile.ts';

export type RecordChange = Partial<Omit<IssuanceRecord, 'version' | 'names'>>;

export class AcmeState {
  readonly #store: AcmeStore;
  readonly #turnstile = new Turnstile();
  readonly #records = new Map<string, Promise<IssuanceRecord>>();

  constructor(store: AcmeStore) {
    this.#store = store;
  }

  /** One issuance for a set of names at a time. */
  issuing<T>(names: readonly string[], signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return this.#turnstile.exclusively(`issue ${setName(names)}`, signal, work);
  }

  /** One question at a time about when to renew. */
  planning<T>(names: readonly string[], signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return this.#turnstile.exclusively(`plan ${setName(names)}`, signal, work);
  }

  /** One registration with a CA at a time. */
  registering<T>(directoryUrl: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return this.#turnstile.exclusively(`account ${directoryUrl}`, signal, work);
  }

  /** Rejects as {@link AcmeStore.loadRecord}. */
  record(names: readonly string[]): Promise<IssuanceRecord> {
    const key = setName(names);
    const known = this.#records.get(key);
    if (known !== undefined) return known;
    const loaded = this.#store.loadRecord(names).then((record) => record ?? emptyRecord(names));
    this.#records.set(key, loaded);
    // What could not be read is read again the next time.
    loaded.catch(() => this.#records.delete(key));
    return loaded;
  }

  /**
   * Takes `change` over at once; resolves when it is on disk. Rejects as
   * {@link AcmeStore.saveRecord}; what changed is then still known until the process ends.
   */
  async change(names: readonly string[], change: RecordChange): Promise<void> {
    const key = setName(names);
    const changed = this.record(names).then((record) => ({ ...record, ...change }));
    this.#records.set(key, changed);
    await changed;
    const never = new AbortController().signal;
    await this.#turnstile.exclusively(`write ${key}`, never, async () => {
      const latest = await this.record(names);
      await this.#store.saveRecord(latest);
    });
  }

  account(directoryUrl: string): Promise<AccountRecord | undefined> {
    return this.#store.loadAccount(directoryUrl);
  }

  saveAccount(account: AccountRecord): Promise<void> {
    return this.#store.saveAccount(account);
  }
}
