/**
 * What is remembered of one set of names between attempts and over restarts, format version 1.
 * Losing it is harmless: an order may be opened anew, a back-off begins again.
 */
import { z } from 'zod';

const instant = z.iso.datetime().transform((text) => new Date(text));

const attempts = z.strictObject({
  /** Failures since the last success. */
  failures: z.int().nonnegative(),
  /** Failed validations at the CA among them, since the last rehearsal that went well. */
  failedValidations: z.int().nonnegative(),
  nextAt: instant,
  lastError: z.string(),
  /** Type of the CA's problem, where a CA has spoken. */
  lastProblemType: z.string().optional(),
});

const order = z.strictObject({
  directory: z.string(),
  /** Absent where it was about to be opened: a crash may have come before the answer. */
  url: z.string().optional(),
  /** For the certificate: written before the CA is asked to sign for it. */
  privateKeyPem: z.string().optional(),
});

const issued = z.strictObject({
  directory: z.string(),
  privateKeyPem: z.string(),
  chainPem: z.string(),
});

const renewal = z.strictObject({
  /** Of the certificate that it is about (RFC 9773 §4.1). */
  certificateId: z.string(),
  nextPollAt: instant,
  window: z.strictObject({ start: instant, end: instant }).optional(),
  /** The instant within the window that was chosen. */
  renewAt: instant.optional(),
});

const format = z.strictObject({
  version: z.literal(1),
  names: z.array(z.string()),
  attempts: attempts.optional(),
  /** When the CA's validations failed; a success does not undo that. See validation-limit. */
  failedValidationsAt: z.array(instant).max(10).optional(),
  /** By directory: not to be asked before. */
  deferrals: z.record(z.string(), instant),
  /** Kind of challenge that was successful last. */
  challenge: z.enum(['http-01', 'tls-alpn-01', 'dns-01']).optional(),
  order: order.optional(),
  issued: issued.optional(),
  renewal: renewal.optional(),
});

export type IssuanceRecord = Readonly<z.output<typeof format>>;
export type Attempts = Readonly<z.output<typeof attempts>>;
export type PendingOrder = Readonly<z.output<typeof order>>;
export type IssuedCertificate = Readonly<z.output<typeof issued>>;
export type RenewalPlan = Readonly<z.output<typeof renewal>>;

export function emptyRecord(names: readonly string[]): IssuanceRecord {
  return { version: 1, names: [...names], deferrals: {} };
}

export function recordText(record: IssuanceRecord): string {
  return `${JSON.stringify(record, undefined, 2)}\n`;
}

/** Reads what {@link recordText} wrote. Throws unless all of it is whole. */
export function parseRecord(text: string): IssuanceRecord {
  return format.parse(JSON.parse(text));
}
