/** An ACME account on disk: its key, and what the CA knows of it; format version 1. */
import { createPrivateKey } from 'node:crypto';
import { z } from 'zod';

const format = z.strictObject({
  version: z.literal(1),
  directory: z.string(),
  /** Absent until the CA has answered. */
  url: z.string().optional(),
  /** As registered. */
  email: z.string().optional(),
  privateKeyPem: z.string(),
});

export type AccountRecord = Readonly<z.output<typeof format>>;

export function accountText(account: AccountRecord): string {
  return `${JSON.stringify(account, undefined, 2)}\n`;
}

/** Reads what {@link accountText} wrote. Throws unless all of it is whole. */
export function parseAccount(text: string): AccountRecord {
  const account = format.parse(JSON.parse(text));
  createPrivateKey(account.privateKeyPem);
  return account;
}
