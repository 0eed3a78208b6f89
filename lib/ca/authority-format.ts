/**
 * How the state of the CA stands in its file: JSON, format version 2. Version 1 knew roots alone
 * and is read too.
 */
import { z } from 'zod';
import { nameSubtree } from '../config/scalars.ts';

const bytes = z.base64().transform((text) => Buffer.from(text, 'base64'));
const date = z.iso.datetime().transform((text) => new Date(text));
const state = z.enum(['active', 'next', 'retiring']);

const key = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('open'), pem: z.string() }),
  z.strictObject({ kind: z.literal('sealed'), nonce: bytes, tag: bytes, ciphertext: bytes }),
  z.strictObject({ kind: z.literal('offline') }),
]);

const version1 = z.strictObject({
  version: z.literal(1),
  roots: z.array(
    z.strictObject({
      state,
      permitted: z.array(nameSubtree),
      certificate: z.string(),
      privateKey: z.string(),
    }),
  ),
});

const version2 = z.strictObject({
  version: z.literal(2),
  bundleVersion: z.int().min(1),
  rotation: z
    .strictObject({
      cause: z.enum(['age', 'request', 'emergency']),
      preparedAt: date,
      switchedAt: date.optional(),
      retiredAt: date.optional(),
      isForced: z.boolean(),
    })
    .optional(),
  seal: z
    .strictObject({
      cost: z.int(),
      blockSize: z.int(),
      parallelization: z.int(),
      salt: bytes,
    })
    .optional(),
  roots: z.array(
    z.strictObject({
      state,
      permitted: z.array(nameSubtree),
      pathLength: z.int().min(0),
      longestLeafMs: z.int(),
      certificate: z.string(),
      key,
      endorsement: z.strictObject({ by: z.string(), signature: bytes }).optional(),
      crossCertificate: z.string().optional(),
      intermediate: z.strictObject({ certificate: z.string(), key }).optional(),
    }),
  ),
});

export const authorityFormat = z.discriminatedUnion('version', [version1, version2]);

/** As it is written. */
export type WrittenAuthority = z.input<typeof version2>;
export type WrittenKey = z.input<typeof key>;

/** As it is read. */
export type ReadAuthority = z.output<typeof version2>;
export type FormerAuthority = z.output<typeof version1>;
export type ReadKey = z.output<typeof key>;
