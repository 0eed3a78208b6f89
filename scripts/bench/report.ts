/** The results as tables for people, put into their own part of `docs/benchmarks.md`. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bars, type BenchResults } from './bars.ts';
import { chartSvg } from './chart.ts';
import type { EdgesResult } from './edges.ts';
import type { Summary } from './statistics.ts';
import type { ScenarioResult } from './trials.ts';

const folder = join(import.meta.dirname, '..', '..', 'docs');
const begin = '<!-- npm run bench: begin -->';
const end = '<!-- npm run bench: end -->';

/** `context` says where and when. */
export function reportText(results: BenchResults, context: string): string {
  return [
    context,
    '![Processor time for a warm GiB and for a warm manifest](benchmarks.svg)',
    ...results.scenarios.map(scenarioText),
    barsText(results),
    ...edgesText(results.edges),
  ].join('\n\n');
}

/** Replaces the part between the marks, and nothing else of the document. */
export async function writeReport(results: BenchResults, context: string): Promise<void> {
  const path = join(folder, 'benchmarks.md');
  const before = await readFile(path, 'utf8');
  const [from, to] = [before.indexOf(begin), before.indexOf(end)];
  if (from === -1 || to === -1) throw new TypeError(`${path} has no marks for the bench`);
  const text = `${before.slice(0, from + begin.length)}\n\n${reportText(results, context)}\n\n${before.slice(to)}`;
  await writeFile(path, text);
  await writeFile(join(folder, 'benchmarks.json'), `${JSON.stringify(results, undefined, 1)}\n`);
  await writeFile(join(folder, 'benchmarks.svg'), chartSvg(results.scenarios));
}

function scenarioText({ title, unit, results }: ScenarioResult): string {
  const ours = results.find(({ setup }) => setup === 'mirrorgate')?.cpuPerUnit.median ?? NaN;
  const isLarge = unit === 'GiB';
  const scale = isLarge ? 1 : 1e6;
  const rows = results.map(({ setup, cpuPerUnit, rate }) => [
    setup,
    spreadText(cpuPerUnit, scale),
    (1 / cpuPerUnit.median).toPrecision(3),
    rate.median.toPrecision(3),
    (ours / cpuPerUnit.median).toFixed(2),
  ]);
  const measure = isLarge ? 'CPU s per GiB' : `CPU µs per ${unit}`;
  return [
    `### ${title}`,
    tableText(['server', measure, `${unit} per CPU s`, `${unit} per s`, 'ours ÷ this, CPU'], rows),
  ].join('\n\n');
}

function barsText(results: BenchResults): string {
  const rows = bars(results).map(({ what, wanted, measured, isMet }) => [
    what,
    wanted,
    measured,
    isMet ? 'met' : '**missed**',
  ]);
  return `### Bars\n\n${tableText(['what', 'bar', 'measured', ''], rows)}`;
}

function edgesText(edges: readonly EdgesResult[]): string[] {
  if (edges.length === 0) return [];
  const rows = edges.map((result) => [
    String(result.edges),
    result.requestsPerSecond.toFixed(0),
    result.serverCores.toFixed(2),
    result.clientCores.toFixed(2),
    result.gibPerSecond.toFixed(2),
  ]);
  const header = ['edges', 'manifests per s', 'cores of ours', 'cores of wrk', 'GiB per s'];
  const text =
    'On all cores, nothing pinned: the clients take the cores that the edges leave them.';
  return [`### One edge, and two\n\n${text}`, tableText(header, rows)];
}

function spreadText({ median, least, most }: Summary, scale: number): string {
  const [middle, low, high] = [median, least, most].map((value) => (value * scale).toPrecision(3));
  return `${middle} (${low}–${high})`;
}

function tableText(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
