/** Stores that outlive a keeper and an issuer, but not their test; a restart opens them anew. */
import { accountText, parseAccount } from '../../../lib/acme/account-record.ts';
import type { AcmeStore } from '../../../lib/acme/acme-files.ts';
import { setName } from '../../../lib/acme/identifiers.ts';
import { parseRecord, recordText } from '../../../lib/acme/issuance-record.ts';
import type { CertificateStore } from '../../../lib/certificates/certificate-store.ts';
import type { CertifiedKey } from '../../../lib/certificates/issuer.ts';

export interface MemoryAcmeStore extends AcmeStore {
  /** What would be on disk, by name. */
  readonly texts: Map<string, string>;
  /** Thrown by whatever writes. */
  failure: Error | undefined;
}

/** As text, as on disk: what does not survive that does not survive here. */
export function memoryAcmeStore(): MemoryAcmeStore {
  const texts = new Map<string, string>();
  const save = (name: string, text: string): Promise<void> => {
    if (store.failure !== undefined) return Promise.reject(store.failure);
    texts.set(name, text);
    return Promise.resolve();
  };
  const load = <T>(name: string, parse: (text: string) => T): Promise<T | undefined> => {
    const text = texts.get(name);
    return Promise.resolve(text === undefined ? undefined : parse(text));
  };
  const store: MemoryAcmeStore = {
    texts,
    failure: undefined,
    loadAccount: (directoryUrl) => load(directoryUrl, parseAccount),
    saveAccount: (account) => save(account.directory, accountText(account)),
    loadRecord: (names) => load(setName(names), parseRecord),
    saveRecord: (record) => save(setName(record.names), recordText(record)),
  };
  return store;
}

export interface MemoryCertificateStore extends CertificateStore {
  readonly held: Map<string, CertifiedKey>;
  failure: Error | undefined;
}

export function memoryCertificateStore(): MemoryCertificateStore {
  const held = new Map<string, CertifiedKey>();
  const store: MemoryCertificateStore = {
    held,
    failure: undefined,
    load: (site, issuer) => Promise.resolve(held.get(`${site}/${issuer}`)),
    save: (site, issuer, certifiedKey) => {
      if (store.failure !== undefined) return Promise.reject(store.failure);
      held.set(`${site}/${issuer}`, certifiedKey);
      return Promise.resolve();
    },
  };
  return store;
}
