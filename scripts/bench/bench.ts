/**
 * `npm run bench`: mirrorgate and its peers on the same content, in turn, on this machine. Prints
 * tables and writes them to `docs/benchmarks.md`, with JSON and a chart beside it. `-- --short`
 * takes under three minutes; `-- --only blob,manifest` does a part; `-- --print` writes nothing.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { OpenParts } from '../../test/support/lab/open-parts.ts';
import type { BenchResults } from './bars.ts';
import { measureEdges } from './edges.ts';
import { measureCold, measureHerd, measureMemory } from './extras.ts';
import { Ours } from './ours.ts';
import type { Bench, Peers } from './peers.ts';
import { prepare } from './preparation.ts';
import { reportText, writeReport } from './report.ts';
import { scenarios, titles } from './scenarios.ts';
import { alternate, type ScenarioResult } from './trials.ts';

const { values: options } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    print: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string' },
  },
});

const names = [...Object.keys(titles), 'cold', 'herd', 'memory', 'edges'];
const chosen = new Set(options.only?.split(',') ?? names);
const rounds = Number(options.rounds ?? (options.short ? 2 : 7));
const parts = new OpenParts();

async function compare(bench: Bench, peers: Peers): Promise<ScenarioResult[]> {
  const wanted = Object.entries(titles).filter(([name]) => chosen.has(name));
  if (wanted.length === 0) return [];
  const ours = await Ours.start({ bench, upstream: `https://localhost:${peers.nginx.port}` });
  try {
    const all = scenarios({
      ...{ ours: ours.setup, peers, content: bench.content, root: bench.certificates.root },
      loadSeconds: options.short ? 2 : 4,
      requests: options.short ? 1_000 : 3_000,
    });
    const results: ScenarioResult[] = [];
    for (const [, title] of wanted) {
      const scenario = all.find((candidate) => candidate.title === title);
      if (scenario === undefined) continue;
      console.error(`${title} …`);
      results.push(await alternate(scenario, rounds));
    }
    return results;
  } finally {
    await ours.close();
  }
}

async function measure(bench: Bench, peers: Peers): Promise<BenchResults> {
  const part = async <T>(name: string, work: () => Promise<T>): Promise<T | undefined> => {
    if (!chosen.has(name)) return undefined;
    console.error(`${name} …`);
    return await work();
  };
  const herds = options.short ? [100] : [100, 1000];
  const coldRounds = options.short ? 1 : 3;
  return {
    scenarios: await compare(bench, peers),
    cold: await part('cold', () => measureCold(bench, peers.throttled, coldRounds)),
    herd: (await part('herd', () => measureHerd(bench, herds))) ?? [],
    memory: await part('memory', () =>
      measureMemory(bench, `https://localhost:${peers.nginx.port}`),
    ),
    edges:
      (await part('edges', () =>
        measureEdges(bench, `https://localhost:${peers.nginx.port}`, options.short ? 1 : 5),
      )) ?? [],
  };
}

try {
  const { bench, peers } = await prepare(parts, (options.short ? 512 : 1024) * 1024 ** 2);
  const results = await measure(bench, peers);
  const date = new Date().toISOString().slice(0, 10);
  const [cpu] = cpus();
  const context = `${date}, ${cpus().length} × ${cpu?.model ?? 'an unknown processor'}, Node ${process.versions.node}; medians of ${rounds} rounds (least–most), the first round not counted.`;
  console.log(reportText(results, context));
  if (!options.print) await writeReport(results, context);
} finally {
  await parts.close();
}
