/**
 * A network cable (a veth pair) between two namespaces with networks of their own: a build
 * machine beside its VM, each seen by the other under its own address.
 */
import { runCommand } from './command.ts';
import type { Namespace } from './namespace.ts';
import { machine } from './place.ts';

export interface CableEnd {
  readonly namespace: Namespace;
  /** Addresses with prefix lengths, such as `192.168.128.1/24`; the first is the source of its traffic. */
  readonly addresses: readonly string[];
}

/** Plugs both ends in as `device`; the cable goes with either namespace. */
export async function connect(a: CableEnd, b: CableEnd, device = 'cable'): Promise<void> {
  const near = ['link', 'add', device, 'netns', String(a.namespace.pid)];
  const far = ['type', 'veth', 'peer', 'name', device, 'netns', String(b.namespace.pid)];
  await runCommand(machine, ['ip', ...near, ...far]);
  for (const { namespace, addresses } of [a, b]) {
    for (const address of addresses) {
      const flags = address.includes(':') ? ['nodad'] : [];
      await runCommand(namespace, ['ip', 'address', 'add', address, 'dev', device, ...flags]);
    }
    await runCommand(namespace, ['ip', 'link', 'set', device, 'up']);
  }
}
