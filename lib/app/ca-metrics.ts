/** What the supervisor tells Prometheus of the private CA: its roots, and how its rotation stands. */
import { Gauge, type Registry } from 'prom-client';
import type { WatchedGate } from './watched-gate.ts';

/** Nothing but names where no host uses the private CA. */
export function addCaMetrics(registry: Registry, gate: () => WatchedGate): void {
  const registers = [registry];
  new Gauge({
    name: 'mirrorgate_ca_root_expiry_timestamp_seconds',
    help: 'When a root of the private CA expires, by its state in the rotation.',
    labelNames: ['state'],
    registers,
    collect() {
      this.reset();
      for (const { state, notAfter } of gate().roots)
        this.set({ state }, notAfter.getTime() / 1000);
    },
  });
  new Gauge({
    name: 'mirrorgate_ca_intermediate_expiry_timestamp_seconds',
    help: 'When what signs in the place of an offline root expires, by the state of the root.',
    labelNames: ['state'],
    registers,
    collect() {
      this.reset();
      for (const { state, intermediate } of gate().roots) {
        if (intermediate !== undefined) this.set({ state }, intermediate.notAfter.getTime() / 1000);
      }
    },
  });
  new Gauge({
    name: 'mirrorgate_ca_rotation_next_step',
    help: 'The step that comes next is 1, the others 0; prepare while no rotation goes on.',
    labelNames: ['step'],
    registers,
    collect() {
      this.reset();
      const steps = gate().ca()?.rotation.steps ?? [];
      const next = steps.find(({ isDone }) => !isDone);
      for (const { step } of steps) this.set({ step }, step === next?.step ? 1 : 0);
    },
  });
  new Gauge({
    name: 'mirrorgate_ca_rotation_lacking_clients',
    help: 'Clients seen of late that are not known to have the root that a rotation brings.',
    registers,
    collect() {
      this.set(gate().ca()?.rotation.lacking.length ?? 0);
    },
  });
  new Gauge({
    name: 'mirrorgate_ca_rotation_waits_for_clients',
    help: '1 while nothing but clients that lack the new root keeps the next step back.',
    registers,
    collect() {
      this.set(gate().ca()?.rotation.waitsFor === 'clients' ? 1 : 0);
    },
  });
}
