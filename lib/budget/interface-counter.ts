/**
 * What a network interface has sent, by the kernel's own counter: what the provider counts, ssh and
 * system updates included. The counter begins at 0 with each boot.
 */
import { readFile } from 'node:fs/promises';

export interface InterfaceReading {
  readonly bootId: string;
  readonly sentBytes: number;
}

/** The counter now. Throws the file system's own error where there is no such interface. */
export async function readInterface(name: string): Promise<InterfaceReading> {
  const [bootId, counter] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    readFile(`/sys/class/net/${name}/statistics/tx_bytes`, 'utf8'),
  ]);
  return { bootId: bootId.trim(), sentBytes: Number(counter.trim()) };
}

/** What was sent between two readings. After a boot, or where the interface is new, all it shows. */
export function sentBetween(before: InterfaceReading, after: InterfaceReading): number {
  const goesOn = before.bootId === after.bootId && after.sentBytes >= before.sentBytes;
  return goesOn ? after.sentBytes - before.sentBytes : after.sentBytes;
}
