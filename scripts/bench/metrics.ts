/**
 * `npm run bench:metrics`: what it costs that edges count and tell what they serve. The same gate
 * with and without, in turn, round after round. `-- --short` shows within a minute that it works.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { OpenParts } from '../../test/support/lab/open-parts.ts';
import { load, requests } from './clients.ts';
import { manifestPath } from './content.ts';
import { Ours } from './ours.ts';
import type { Setup } from './peers.ts';
import { prepare } from './preparation.ts';
import { titles } from './scenarios.ts';
import { quantile } from './statistics.ts';
import { alternate, type Scenario, type ScenarioResult } from './trials.ts';

const { values: options } = parseArgs({
  options: { short: { type: 'boolean', default: false }, rounds: { type: 'string' } },
});
const rounds = Number(options.rounds ?? (options.short ? 2 : 15));
const silence = fileURLToPath(new URL('without-metrics.mjs', import.meta.url));

function scenariosOf(setups: readonly Setup[]): Scenario[] {
  const url = ({ port }: Setup): string => `https://localhost:${port}${manifestPath}`;
  const series = { count: options.short ? 1_000 : 5_000, keepsAlive: false, isHead: false };
  return [
    {
      ...{ title: titles.manifest, unit: 'request', setups },
      run: async (setup) => {
        const done = await load(url(setup), options.short ? 2 : 5);
        return { work: done.requests, seconds: done.seconds };
      },
    },
    {
      ...{ title: titles.handshake, unit: 'connection', setups },
      run: async (setup) => {
        const done = await requests(url(setup), series);
        return { work: done.requests, seconds: done.seconds };
      },
    },
  ];
}

/** Of each round by itself: what loads the machine meanwhile loads both. */
function ratios(result: ScenarioResult, of: 'cpuPerUnit' | 'rate'): string {
  const [without, withMetrics] = result.results.map((each) => each[of].samples);
  const each = (withMetrics ?? []).map((sample, round) => sample / (without?.[round] ?? NaN));
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(each, share).toFixed(3));
  return `${middle} (${low}–${high})`;
}

const parts = new OpenParts();
try {
  const { bench, peers } = await prepare(parts, 1024 ** 2);
  const upstream = `https://localhost:${peers.nginx.port}`;
  const nodeOptions = `--import=${silence}`;
  const off = await parts.add(Ours.start({ bench, upstream, name: 'metrics-off', nodeOptions }));
  const on = await parts.add(Ours.start({ bench, upstream, name: 'metrics-on' }));
  console.log(`${rounds} rounds; with metrics to without: median (quartiles)\n`);
  console.log('| | processor time | rate |\n|---|---|---|');
  for (const scenario of scenariosOf([off.setup, on.setup])) {
    const result = await alternate(scenario, rounds);
    console.log(
      `| ${result.title} | ${ratios(result, 'cpuPerUnit')} | ${ratios(result, 'rate')} |`,
    );
  }
} finally {
  await parts.close();
}
