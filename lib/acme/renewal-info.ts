/** ACME renewal information (RFC 9773): which certificate it is about, and when to renew it. */
import type { X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import type { RenewalInfo } from './acme-server.ts';
import type { RenewalPlan } from './issuance-record.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/**
 * The key identifier of the issuer and the serial number, as a CA is asked for them (RFC 9773
 * §4.1); undefined for a certificate without an authority key identifier.
 */
export function tryCertificateId(certificate: X509Certificate): string | undefined {
  try {
    const body = children(forge.asn1.fromDer(certificate.raw.toString('latin1')))[0];
    const fields = children(body);
    const serial = fields.find(({ type }) => type === forge.asn1.Type.INTEGER)?.value;
    const extensions = children(fields.at(-1)).flatMap(children);
    const keyIdentifier = extensions.map(tryAuthorityKey).find((found) => found !== undefined);
    if (typeof serial !== 'string' || keyIdentifier === undefined) return undefined;
    return `${base64url(keyIdentifier)}.${base64url(serial)}`;
  } catch {
    // Not the shape of a certificate of a CA that knows RFC 9773.
    return undefined;
  }
}

function tryAuthorityKey(extension: forge.asn1.Asn1): string | undefined {
  const parts = children(extension);
  const [identifier] = parts;
  if (typeof identifier?.value !== 'string') return undefined;
  if (forge.asn1.derToOid(identifier.value) !== '2.5.29.35') return undefined;
  const content = parts.at(-1)?.value;
  if (typeof content !== 'string') return undefined;
  // keyIdentifier is [0] IMPLICIT OCTET STRING, and alone primitive as the first (RFC 5280 §4.2.1.1).
  const [first] = children(forge.asn1.fromDer(content));
  return typeof first?.value === 'string' ? first.value : undefined;
}

function children(node: forge.asn1.Asn1 | undefined): forge.asn1.Asn1[] {
  return Array.isArray(node?.value) ? node.value : [];
}

/** forge keeps bytes in strings, one character each. */
function base64url(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('base64url');
}

export interface PlanOptions {
  readonly certificateId: string;
  readonly lifetimeMs: number;
  readonly now: Date;
  /** From 0 to 1. */
  readonly random: number;
}

/**
 * The plan that follows from what the CA said: an instant within its window, which is kept as long
 * as the window has it (RFC 9773 §4.2), and when to ask again (§4.3). Undefined is a CA without
 * renewal information.
 */
export function planFrom(
  info: RenewalInfo | undefined,
  before: RenewalPlan | undefined,
  { certificateId, lifetimeMs, now, random }: PlanOptions,
): RenewalPlan {
  const nextPollAt = later(now, pollIntervalMs(lifetimeMs, info?.retryAt, now));
  // Meaningless by §4.2: as if the CA had said nothing.
  if (info === undefined || !(info.end > info.start)) return { certificateId, nextPollAt };
  const { start, end } = info;
  const chosen = before?.certificateId === certificateId ? before.renewAt : undefined;
  const isKept = chosen !== undefined && chosen >= start && chosen <= end;
  const renewAt = isKept ? chosen : later(start, (end.getTime() - start.getTime()) * random);
  return { certificateId, nextPollAt, window: { start, end }, renewAt };
}

/** The plan after the CA could not be asked: what it said before still counts. */
export function planWithout(before: RenewalPlan | undefined, options: PlanOptions): RenewalPlan {
  const { certificateId, lifetimeMs, now } = options;
  const kept = before?.certificateId === certificateId ? before : { certificateId };
  return { ...kept, nextPollAt: later(now, pollIntervalMs(lifetimeMs, undefined, now) / 6) };
}

/** Twice a day, more often in a short life; later where the CA says so, within a day. */
function pollIntervalMs(lifetimeMs: number, retryAt: Date | undefined, now: Date): number {
  const usualMs = Math.min(12 * hourMs, lifetimeMs / 10);
  const askedMs = retryAt === undefined ? 0 : retryAt.getTime() - now.getTime();
  return Math.max(usualMs, Math.min(askedMs, dayMs));
}

function later(date: Date, ms: number): Date {
  return new Date(date.getTime() + ms);
}
