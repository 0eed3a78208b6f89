/** Runs the same work on each set-up in turn, round after round: what loads the machine loads all. */
import { cpuSeconds } from './process-cost.ts';
import type { Setup } from './peers.ts';
import { summarize, type Summary } from './statistics.ts';

/** One measured run: how much work was done, in how long; the processor time is taken outside. */
export interface Run {
  readonly work: number;
  readonly seconds: number;
}

export interface Scenario {
  readonly title: string;
  /** What `work` counts: `GiB`, `requests`. */
  readonly unit: string;
  readonly setups: readonly Setup[];
  readonly run: (setup: Setup) => Promise<Run>;
}

export interface Result {
  readonly setup: string;
  /** Processor seconds of all its processes for a unit of work. */
  readonly cpuPerUnit: Summary;
  /** Units of work in a second of the clock. */
  readonly rate: Summary;
}

export interface ScenarioResult {
  readonly title: string;
  readonly unit: string;
  readonly results: readonly Result[];
}

export async function alternate(scenario: Scenario, rounds: number): Promise<ScenarioResult> {
  const { title, unit, setups, run } = scenario;
  const cpu = new Map<string, number[]>();
  const rates = new Map<string, number[]>();
  // The first round warms caches and compilers, and is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    for (const setup of setups) {
      const before = await cpuSeconds(setup.pids);
      const { work, seconds } = await run(setup);
      const spent = (await cpuSeconds(setup.pids)) - before;
      if (round === 0) continue;
      push(cpu, setup.name, spent / work);
      push(rates, setup.name, work / seconds);
    }
  }
  const results = setups.map(({ name }) => ({
    setup: name,
    cpuPerUnit: summarize(cpu.get(name) ?? []),
    rate: summarize(rates.get(name) ?? []),
  }));
  return { title, unit, results };
}

function push(samples: Map<string, number[]>, name: string, sample: number): void {
  const known = samples.get(name) ?? [];
  known.push(sample);
  samples.set(name, known);
}
