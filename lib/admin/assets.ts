/** Style, script and chart library of the pages, read once: nothing comes from another host. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Content } from './responses.ts';

const types = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
} as const;

/** Beside the program, built or not; and the chart library where it is installed. */
const ownFolder = join(import.meta.dirname, '..', '..', 'assets');
const chartFolder = dirname(createRequire(import.meta.url).resolve('uplot/dist/uPlot.esm.js'));

/** By the path under which each is served. */
export function readAssets(): ReadonlyMap<string, Content> {
  const asset = (type: keyof typeof types, ...path: readonly string[]): Content => ({
    contentType: types[type],
    body: readFileSync(join(...path)),
    headers: { 'cache-control': 'private, max-age=300' },
  });
  return new Map([
    ['/assets/status.css', asset('css', ownFolder, 'status.css')],
    ['/assets/status.js', asset('js', ownFolder, 'status.js')],
    ['/assets/icon.svg', asset('svg', ownFolder, 'icon.svg')],
    ['/assets/uplot.css', asset('css', chartFolder, 'uPlot.min.css')],
    ['/assets/uplot.js', asset('js', chartFolder, 'uPlot.esm.js')],
  ]);
}
