/**
 * The metrics registry of one process, with what every process tells of itself. Each process has
 * its own; the supervisor adds them up (lib/app/metrics-collector.ts).
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Registry } from 'prom-client';

/** Precise enough to see a stall, rare enough to cost nothing. */
const delayResolutionMs = 50;

const nanosecondsPerSecond = 1e9;
const microsecondsPerSecond = 1e6;

/** A registry that knows the memory, processor time and event-loop delay of `process`. */
export function processRegistry(name: string): Registry {
  const registry = new Registry();
  const registers = [registry];
  const labelNames = ['process'];
  const own = { process: name };
  new Gauge({
    name: 'mirrorgate_process_resident_memory_bytes',
    help: 'Memory that the process holds.',
    ...{ registers, labelNames },
    collect() {
      this.set(own, process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'mirrorgate_process_start_time_seconds',
    help: 'When the process started, in seconds since 1970.',
    ...{ registers, labelNames },
  }).set(own, Math.round(Date.now() / 1000 - process.uptime()));
  new Counter({
    name: 'mirrorgate_process_cpu_seconds_total',
    help: 'Processor time used, by the user and the system for it.',
    ...{ registers, labelNames },
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc(own, (user + system) / microsecondsPerSecond);
    },
  });
  addEventLoopDelay(registry, name);
  return registry;
}

function addEventLoopDelay(registry: Registry, name: string): void {
  const delay = monitorEventLoopDelay({ resolution: delayResolutionMs });
  delay.enable();
  new Gauge({
    name: 'mirrorgate_event_loop_delay_seconds',
    help: 'How late the event loop came to its work, since these metrics were last read.',
    labelNames: ['process', 'percentile'],
    registers: [registry],
    collect() {
      for (const percentile of [50, 99, 100]) {
        const late = delay.percentile(percentile) / nanosecondsPerSecond - delayResolutionMs / 1000;
        this.set({ process: name, percentile }, Math.max(0, late));
      }
      delay.reset();
    },
  });
}
