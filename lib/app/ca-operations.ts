/**
 * What an operator may have done to the private CA: the same over the control socket of a running
 * gate and, where none runs, on its files.
 */
import { z } from 'zod';
import { certificateNamePattern } from '../access/certificate-name.ts';
import type { Authority } from '../ca/authority.ts';
import { parseAuthority } from '../ca/authority-text.ts';
import type { Breakage } from '../ca/breakage.ts';
import type { LackingClient } from '../ca/client-evidence.ts';
import type { OfflineRequest } from '../ca/offline-grant.ts';
import type { RootFacts } from '../ca/root-facts.ts';
import type { RotationRunner } from '../ca/rotation-runner.ts';
import type { RotationStatus } from '../ca/rotation-status.ts';
import type { CertifiedKey } from '../certificates/issuer.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { tryHostName, type HostName } from '../net/host-name.ts';

export interface CaStatus {
  readonly bundleVersion: number;
  /** Whether the keys are under a passphrase. */
  readonly isSealed: boolean;
  /** In the order active, next, retiring. */
  readonly roots: readonly RootFacts[];
  readonly rotation: RotationStatus;
}

export type RotationRequest = 'begin' | 'force' | 'emergency';

/** What came of it: who is cut off, now or at the step that is to come. */
export type RotationOutcome =
  | { readonly kind: 'renewed'; readonly status: CaStatus }
  | { readonly kind: 'begun'; readonly status: CaStatus }
  | { readonly kind: 'forced'; readonly left: readonly LackingClient[]; readonly status: CaStatus }
  | { readonly kind: 'replaced'; readonly breakage: Breakage; readonly status: CaStatus };

export interface CaParts {
  readonly authority: Authority;
  readonly runner: RotationRunner;
}

export function caStatus({ authority, runner }: CaParts): CaStatus {
  const { bundleVersion, seal } = authority.state;
  const isSealed = seal !== undefined;
  return { bundleVersion, isSealed, roots: authority.roots(), rotation: runner.status() };
}

/** @throws MirrorgateError as the methods of {@link RotationRunner} */
export async function rotateCa(parts: CaParts, request: RotationRequest): Promise<RotationOutcome> {
  const { runner } = parts;
  switch (request) {
    case 'begin':
      await runner.rotate();
      return { kind: 'begun', status: caStatus(parts) };
    case 'force': {
      const left = await runner.force();
      return { kind: 'forced', left, status: caStatus(parts) };
    }
    case 'emergency': {
      const breakage = await runner.rotateAtOnce();
      return { kind: 'replaced', breakage, status: caStatus(parts) };
    }
  }
}

/** A command with its detail as it came over the control socket, checked anew. */
const rotation = z.enum(['begin', 'force', 'emergency']);
const offline = z.strictObject({
  request: z.enum(['renew', 'rotate', 'emergency']),
  grant: z.string().max(100_000),
});
const issuance = z.strictObject({
  names: z.array(z.string()).min(1).max(100),
  lifetimeMs: z.number().int().positive(),
});
const clientIssuance = z.strictObject({
  name: z.string(),
  lifetimeMs: z.number().int().positive(),
});
const passphraseChange = z.strictObject({ passphrase: z.string().optional() });

export interface IssueRequest {
  readonly names: readonly string[];
  readonly lifetimeMs: number;
}

export interface ClientIssueRequest {
  /** By which the allow-list knows the client. */
  readonly name: string;
  readonly lifetimeMs: number;
}

export type CaOperation =
  | { readonly name: 'ca-status' }
  | { readonly name: 'ca-rotate'; readonly detail: RotationRequest }
  | {
      readonly name: 'ca-offline';
      /** What `consultOfflineRoot` gave for the request. */
      readonly detail: { readonly request: OfflineRequest; readonly grant: string };
    }
  | { readonly name: 'ca-issue'; readonly detail: IssueRequest }
  | { readonly name: 'ca-issue-client'; readonly detail: ClientIssueRequest }
  | { readonly name: 'ca-passphrase'; readonly detail: { readonly passphrase?: string } };

/** What each operation is called on the control socket, and what it does. */
export const caOperations: Readonly<
  Record<CaOperation['name'], (parts: CaParts, detail: unknown) => Promise<unknown>>
> = {
  'ca-status': (parts) => Promise.resolve(caStatus(parts)),
  'ca-rotate': async (parts, detail) => rotateCa(parts, rotation.parse(detail)),
  'ca-offline': async (parts, detail) => adoptGrant(parts, detail),
  'ca-issue': (parts, detail) => issue(parts, issuance.parse(detail)),
  'ca-issue-client': (parts, detail) => issueClient(parts, clientIssuance.parse(detail)),
  async 'ca-passphrase'(parts, detail) {
    const { passphrase } = passphraseChange.parse(detail);
    await parts.authority.changePassphrase(
      passphrase === undefined ? undefined : Buffer.from(passphrase),
    );
    return caStatus(parts);
  },
};

async function adoptGrant(parts: CaParts, detail: unknown): Promise<RotationOutcome> {
  const { request, grant } = offline.parse(detail);
  const breakage = await parts.runner.adopt(request, parseAuthority(grant));
  const status = caStatus(parts);
  if (breakage !== undefined) return { kind: 'replaced', breakage, status };
  return { kind: request === 'renew' ? 'renewed' : 'begun', status };
}

/** Not a promise's job, but what it throws must reject. */
// eslint-disable-next-line @typescript-eslint/require-await -- an error must reject, not throw
async function issue({ authority }: CaParts, request: IssueRequest): Promise<CertifiedKey> {
  return authority.issueLeaf(request.names.map(hostNameOf), request.lifetimeMs);
}

async function issueClient(
  { authority }: CaParts,
  { name, lifetimeMs }: ClientIssueRequest,
): Promise<CertifiedKey> {
  if (certificateNamePattern.test(name)) return authority.issueClientLeaf(name, lifetimeMs);
  throw new MirrorgateError('MIRRORGATE_CA_NAME_ARGUMENT', `"${name}" cannot name a client`, {
    hint: 'write up to 63 lower-case letters, digits and hyphens',
  });
}

function hostNameOf(text: string): HostName {
  const name = tryHostName(text);
  if (name !== undefined) return name;
  throw new MirrorgateError('MIRRORGATE_CA_NAME_ARGUMENT', `"${text}" is no host name or address`, {
    hint: 'write a DNS name without wildcard, or an IP address',
  });
}
