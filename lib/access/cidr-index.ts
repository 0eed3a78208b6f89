/**
 * Which of many CIDR blocks contain an address. Two blocks are nested or apart, never crossed: so
 * the blocks around an address are the last one that starts at or before it, and its ancestors.
 */
import type { AddressBytes } from '../net/address.ts';
import { cidrContains, type Cidr } from '../net/cidr.ts';

export interface CidrIndex<T> {
  /** The values of every block that contains `address`, from the narrowest block to the widest. */
  containing(address: AddressBytes): T[];
}

/** One item of {@link indexCidrs}; several may share a block. */
export interface CidrItem<T> {
  readonly cidr: Cidr;
  readonly value: T;
}

interface Block<T> {
  readonly cidr: Cidr;
  readonly values: T[];
  /** The narrowest block around this one. */
  readonly parent: Block<T> | undefined;
}

/** A lookup costs one binary search and the walk up the ancestors: at most 33 blocks, or 129. */
export function indexCidrs<T>(items: readonly CidrItem<T>[]): CidrIndex<T> {
  const ipv4 = nestedBlocks(items.filter(({ cidr }) => cidr.network.length === 4));
  const ipv6 = nestedBlocks(items.filter(({ cidr }) => cidr.network.length === 16));
  return {
    containing(address) {
      const found: T[] = [];
      let block = lastStartingBefore(address.length === 4 ? ipv4 : ipv6, address);
      for (; block !== undefined; block = block.parent) {
        if (cidrContains(block.cidr, address)) found.push(...block.values);
      }
      return found;
    },
  };
}

/** Blocks of one family in the order of their first address, the wider before the narrower. */
function nestedBlocks<T>(items: readonly CidrItem<T>[]): Block<T>[] {
  const sorted = items.toSorted(
    ({ cidr: a }, { cidr: b }) =>
      compareBytes(a.network, b.network) || a.prefixLength - b.prefixLength,
  );
  const blocks: Block<T>[] = [];
  let around: Block<T> | undefined;
  for (const { cidr, value } of sorted) {
    while (around !== undefined && !cidrContains(around.cidr, cidr.network)) around = around.parent;
    if (around?.cidr.prefixLength === cidr.prefixLength) {
      around.values.push(value);
      continue;
    }
    around = { cidr, values: [value], parent: around };
    blocks.push(around);
  }
  return blocks;
}

function lastStartingBefore<T>(
  blocks: readonly Block<T>[],
  address: AddressBytes,
): Block<T> | undefined {
  let low = 0;
  let high = blocks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const block = blocks[middle];
    if (block !== undefined && compareBytes(block.cidr.network, address) <= 0) low = middle + 1;
    else high = middle;
  }
  return blocks[low - 1];
}

function compareBytes(left: AddressBytes, right: AddressBytes): number {
  for (let index = 0; index < left.length; index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
