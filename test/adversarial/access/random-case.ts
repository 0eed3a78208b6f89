/** Random allow-lists with addresses in, beside and far from their blocks, in random spellings. */

/** A source of numbers from 0 to below 1 that a seed determines (mulberry32). */
export type Random = () => number;

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface RandomEntry {
  readonly cidr: string;
  readonly mirrors?: readonly string[];
  readonly expires?: string;
}

export interface RandomCase {
  readonly allow: readonly RandomEntry[];
  readonly allowAll: boolean;
  readonly now: string;
  /** Address and mirror. */
  readonly queries: readonly (readonly [address: string, name: string])[];
}

interface Block {
  readonly bits: 32 | 128;
  readonly first: bigint;
  readonly prefix: number;
}

const entriesPerCase = 24;
const queriesPerCase = 50;
const mappedPrefix = 0xffffn << 32n;
const caseNow = new Date('2026-11-01T00:00:00Z');

export function randomCase(random: Random, names: readonly string[]): RandomCase {
  const centres = Array.from({ length: 6 }, () => randomAddress(random));
  const blocks: Block[] = [];
  const allow = new Map<string, RandomEntry>();
  for (let left = 1 + below(random, entriesPerCase); left > 0; left -= 1) {
    const block = blockAround(random, pick(random, centres));
    const mirrors = random() < 0.6 ? undefined : names.filter(() => random() < 0.5);
    if (block === undefined || mirrors?.length === 0) continue;
    blocks.push(block);
    const key = `${block.bits} ${block.first} ${block.prefix} ${mirrors?.join(',') ?? '*'}`;
    allow.set(key, {
      cidr: cidrText(random, block),
      ...(mirrors === undefined ? {} : { mirrors }),
      ...(random() < 0.7 ? {} : { expires: randomInstant(random) }),
    });
  }
  const queries = Array.from({ length: queriesPerCase }, () => {
    const text = peerText(random, blocks.length === 0 ? undefined : pick(random, blocks));
    return [text, pick(random, names)] as const;
  });
  return {
    allow: [...allow.values()],
    allowAll: blocks.some(({ prefix }) => prefix === 0),
    now: caseNow.toISOString(),
    queries,
  };
}

type Address = Pick<Block, 'bits'> & { readonly value: bigint };

function randomAddress(random: Random): Address {
  const word = () => BigInt(below(random, 2 ** 32));
  const choice = random();
  if (choice < 0.5) return { bits: 32, value: word() };
  // The corners of IPv6 that look like IPv4: compatible, mapped, translated, NAT64, 6to4.
  if (choice < 0.55) return { bits: 128, value: word() };
  if (choice < 0.6) return { bits: 128, value: mappedPrefix | word() };
  if (choice < 0.63) return { bits: 128, value: (0xffffn << 48n) | word() };
  if (choice < 0.66) return { bits: 128, value: (0x64ff9bn << 96n) | word() };
  if (choice < 0.69) return { bits: 128, value: (0x2002n << 112n) | (word() << 80n) };
  if (choice < 0.75) return { bits: 128, value: BigInt(below(random, 4)) };
  return { bits: 128, value: (word() << 96n) | (word() << 64n) | (word() << 32n) | word() };
}

/** Undefined for an IPv4-mapped block, which a file may not have. */
function blockAround(random: Random, { bits, value }: Address): Block | undefined {
  const prefix = random() < 0.2 ? bits : below(random, bits + 1);
  const first = (value >> BigInt(bits - prefix)) << BigInt(bits - prefix);
  const isMapped = bits === 128 && first >> 32n === 0xffffn;
  return isMapped ? undefined : { bits, first, prefix };
}

function peerText(random: Random, block: Block | undefined): string {
  const address =
    block === undefined || random() < 0.2 ? randomAddress(random) : near(random, block);
  const text = addressText(random, address);
  return random() < 0.05 ? mutated(random, text) : text;
}

/** In the block, at its ends, or just beside it. */
function near(random: Random, { bits, first, prefix }: Block): Address {
  const size = 1n << BigInt(bits - prefix);
  const offsets = [0n, size - 1n, -1n, size, randomAddress(random).value % size];
  const value = BigInt.asUintN(bits, first + pick(random, offsets));
  return { bits, value };
}

function cidrText(random: Random, { bits, first, prefix }: Block): string {
  const text = bits === 32 ? quad(first) : ipv6Text(random, first);
  return prefix === bits && random() < 0.5 ? text : `${text}/${prefix}`;
}

/** An IPv4 peer may be shown as an IPv4-mapped one. */
function addressText(random: Random, { bits, value }: Address): string {
  if (bits === 128) return ipv6Text(random, value);
  return random() < 0.6 ? quad(value) : ipv6Text(random, mappedPrefix | value);
}

function quad(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
}

/** With or without leading zeros, capitals, a gap and a dotted tail (RFC 4291 §2.2). */
function ipv6Text(random: Random, value: bigint): string {
  const hasQuad = random() < 0.3;
  const width = random() < 0.3 ? 4 : 1;
  const groups = Array.from({ length: hasQuad ? 6 : 8 }, (_, index) => {
    const group = (value >> BigInt(112 - index * 16)) & 0xffffn;
    return group.toString(16).padStart(width, '0');
  });
  const tail = hasQuad ? [quad(value & 0xffffffffn)] : [];
  const text = random() < 0.8 ? withGap(random, groups, tail) : [...groups, ...tail].join(':');
  return random() < 0.3 ? text.toUpperCase() : text;
}

function withGap(random: Random, groups: readonly string[], tail: readonly string[]): string {
  const isZero = (group: string | undefined) => group !== undefined && /^0+$/.test(group);
  const zeros = groups.flatMap((group, index) => (isZero(group) ? [index] : []));
  if (zeros.length === 0) return [...groups, ...tail].join(':');
  const start = pick(random, zeros);
  let end = start + 1;
  while (isZero(groups[end]) && random() < 0.9) end += 1;
  return `${groups.slice(0, start).join(':')}::${[...groups.slice(end), ...tail].join(':')}`;
}

const mutations = '0123456789abcdefABCDEFxX:.:.::../-+ ';

function mutated(random: Random, text: string): string {
  const at = below(random, text.length + 1);
  const inserted = random() < 0.7 ? mutations.charAt(below(random, mutations.length)) : '';
  return text.slice(0, at) + inserted + text.slice(at + below(random, 3));
}

/** Within two days of the case's now, that very instant included, with some zone. */
function randomInstant(random: Random): string {
  const offsetHours = below(random, 25) - 12;
  const hours = below(random, 5) === 0 ? 0 : below(random, 97) - 48;
  const local = new Date(caseNow.getTime() + (hours + offsetHours) * 3_600_000);
  const text = local.toISOString().slice(0, 19);
  if (offsetHours === 0) return `${text}Z`;
  const zone = String(Math.abs(offsetHours)).padStart(2, '0');
  return `${text}${offsetHours < 0 ? '-' : '+'}${zone}:00`;
}

function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

function pick<T>(random: Random, values: readonly T[]): T {
  const value = values[below(random, values.length)];
  if (value === undefined) throw new TypeError('nothing to pick from');
  return value;
}
