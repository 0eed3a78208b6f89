/**
 * Fails where an import goes up or sideways between services, or runs in a circle
 * (ARCHITECTURE.md, Layers). Prints each offence as `file → file: why`.
 */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize, relative } from 'node:path';

const layers: readonly (readonly string[])[] = [
  ['errors', 'oci', 'net', 'files', 'time'],
  ['config', 'telemetry'],
  ['store', 'upstream', 'ca', 'certificates', 'acme', 'access', 'budget', 'clients', 'injection'],
  ['edge', 'worker', 'cache'],
  ['cli', 'app', 'admin'],
];

/** Services meet over HTTP or not at all; only the worker stands on the cache. */
const forbidden = new Set([
  'edge→worker',
  'edge→cache',
  'worker→edge',
  'cache→edge',
  'cache→worker',
]);

const root = join(import.meta.dirname, '..', 'lib');

function layerOf(file: string): number {
  const folder = file.split('/')[0] ?? '';
  if (folder === 'main.ts') return layers.length;
  const layer = layers.findIndex((folders) => folders.includes(folder));
  if (layer === -1) throw new Error(`lib/${file}: the folder "${folder}" has no layer`);
  return layer;
}

async function importsOf(file: string): Promise<string[]> {
  const source = await readFile(join(root, file), 'utf8');
  const specifiers = source.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g);
  return [...specifiers].map(([, specifier = '']) =>
    normalize(join(dirname(file), specifier)).replace(/\.js$/, '.ts'),
  );
}

function circles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]): void => {
    const start = trail.indexOf(file);
    if (start !== -1) {
      found.push(`${[...trail.slice(start), file].join(' → ')}: a circle`);
      return;
    }
    if (done.has(file)) return;
    for (const target of graph.get(file) ?? []) visit(target, [...trail, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}

const files = (await readdir(root, { recursive: true }))
  .filter((name) => name.endsWith('.ts'))
  .map((name) => relative(root, join(root, name)));
const graph = new Map<string, string[]>();
for (const file of files) graph.set(file, await importsOf(file));

const offences = circles(graph);
for (const [file, targets] of graph) {
  for (const target of targets) {
    const [from = '', to = ''] = [file.split('/')[0], target.split('/')[0]];
    if (layerOf(target) > layerOf(file)) offences.push(`${file} → ${target}: goes up`);
    if (forbidden.has(`${from}→${to}`))
      offences.push(`${file} → ${target}: ${from} never imports ${to}`);
  }
}

if (offences.length > 0) {
  console.error(offences.join('\n'));
  process.exitCode = 1;
} else {
  console.log(`layers: ${files.length} files, every import goes down, no circles`);
}
