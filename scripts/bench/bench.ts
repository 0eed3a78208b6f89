/**
 * `npm run bench`: ours and its peers on the same content, in turn, on this machine. Prints a table
 * and writes `docs/benchmarks.json`, the chart and the tables of `docs/benchmarks.md`.
 * `-- --short` takes under three minutes; `-- --only blob,manifest` does a part; `-- --no-write`
 * leaves the documents alone.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { OpenParts } from '../../test/support/lab/open-parts.ts';
import { TemporaryDirectory } from '../../test/support/lab/temporary-directory.ts';
import { makeCertificates } from './certificates.ts';
import { makeContent } from './content.ts';
import { Ours } from './ours.ts';
import { startPeers, type Running } from './peers.ts';
import { scenarios, titles } from './scenarios.ts';
import { alternate, type ScenarioResult } from './trials.ts';

const { values: options } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    only: { type: 'string' },
    'no-write': { type: 'boolean', default: false },
    rounds: { type: 'string' },
    'node-options': { type: 'string' },
  },
});

const rounds = Number(options.rounds ?? (options.short ? 3 : 7));
const chosen = options.only?.split(',');
const parts = new OpenParts();
try {
  const directory = await parts.add(TemporaryDirectory.create('bench'));
  const root = directory.path;
  console.log('making content and certificates …');
  const content = await makeContent(root, (options.short ? 512 : 1024) * 1024 ** 2);
  const certificates = await makeCertificates(root);
  const bench = { root, content, certificates };
  const running: Promise<Running>[] = [];
  const peers = await startPeers(bench, (part) => running.push(parts.add(Promise.resolve(part))));
  await Promise.all(running);
  const ours = await parts.add(
    Ours.start({
      bench,
      upstream: `https://localhost:${peers.nginx.port}`,
      ...(options['node-options'] !== undefined && { nodeOptions: options['node-options'] }),
    }),
  );
  const headScript = directory.join('head.lua');
  await writeFile(headScript, 'wrk.method = "HEAD"\n');
  const all = scenarios({
    ours: ours.setup,
    peers,
    content,
    root: certificates.root,
    headScript,
    loadSeconds: options.short ? 2 : 4,
    connections: options.short ? 1000 : 3000,
  });
  const results: ScenarioResult[] = [];
  for (const scenario of all) {
    const name = Object.entries(titles).find(([, title]) => title === scenario.title)?.[0] ?? '';
    if (chosen !== undefined && !chosen.includes(name)) continue;
    console.log(`${scenario.title} …`);
    const result = await alternate(scenario, rounds);
    results.push(result);
    for (const { setup, cpuPerUnit, rate } of result.results) {
      console.log(
        `  ${setup.padEnd(26)} ${cpuPerUnit.median.toPrecision(3)} CPU s/${result.unit} (${cpuPerUnit.least.toPrecision(3)}–${cpuPerUnit.most.toPrecision(3)})  ${rate.median.toPrecision(4)} ${result.unit}/s`,
      );
    }
  }
} finally {
  await parts.close();
}
