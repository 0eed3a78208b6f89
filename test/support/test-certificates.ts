/** Roots and certificates of the private CA, made on the spot for names and times of a test. */
import { makeLeaf } from '../../lib/ca/leaf.ts';
import { makeRoot, type Root } from '../../lib/ca/root.ts';
import type { CertifiedKey } from '../../lib/certificates/issuer.ts';
import { nameSubtree } from '../../lib/config/scalars.ts';
import { tryHostName, type HostName } from '../../lib/net/host-name.ts';

export const dayMs = 86_400_000;

/** Where a {@link ManualClock} starts. */
export const testStart = new Date('2026-11-01T00:00:00Z');

export interface TestRootOptions {
  readonly name?: string;
  /** As written in a configuration; `example.test` and 192.0.2.0/24 unless told. */
  readonly permitted?: readonly string[];
  readonly lifetimeMs?: number;
  readonly now?: Date;
}

export function testRoot(options: TestRootOptions = {}): Root {
  return makeRoot({
    name: options.name ?? 'Test',
    permitted: (options.permitted ?? ['example.test', '192.0.2.0/24']).map((text) =>
      nameSubtree.parse(text),
    ),
    lifetimeMs: options.lifetimeMs ?? 365 * dayMs,
    now: options.now ?? testStart,
  });
}

export interface TestLeafOptions {
  readonly root?: Root;
  readonly lifetimeMs?: number;
  readonly now?: Date;
}

/** `names` are taken as they are: wildcards and names outside the root's constraints too. */
export function testCertifiedKey(
  names: readonly string[],
  options: TestLeafOptions = {},
): CertifiedKey {
  const root = options.root ?? testRoot();
  const lifetimeMs = options.lifetimeMs ?? 7 * dayMs;
  return makeLeaf(root, { names, lifetimeMs, now: options.now ?? testStart });
}

export function hostNames(...texts: readonly string[]): HostName[] {
  return texts.map((text) => {
    const name = tryHostName(text);
    if (name === undefined) throw new TypeError(`${text} is no host name`);
    return name;
  });
}
