/**
 * `npm run soak:cache`: the cache's adversarial tests in their full counts, one after another, and
 * what they measured as a table. `-- F1 F6` runs those alone. The suite runs the same tests short.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TemporaryDirectory } from '../../test/support/lab/temporary-directory.ts';

interface Soak {
  readonly id: string;
  readonly file: string;
  /** `MIRRORGATE_TEST_SCALE`: how many times the suite's count the full one is. */
  readonly scale: number;
}

const soaks: readonly Soak[] = [
  { id: 'F1', file: 'app/worker-kills', scale: 100 },
  { id: 'F3', file: 'cache/small-disk', scale: 25 },
  { id: 'F4', file: 'cache/upstream-outage', scale: 15.625 },
  { id: 'F5', file: 'app/herd', scale: 2 },
  { id: 'F6', file: 'cache/poisoned-upstream', scale: 200 / 3 },
  { id: 'F7', file: 'cache/damaged-content', scale: 5 },
  { id: 'F7', file: 'cache/broken-reads', scale: 5 },
  { id: 'F7', file: 'app/broken-files', scale: 25 },
  { id: 'F8', file: 'cache/cut-transfers', scale: 5 },
  { id: 'A6', file: 'upstream/forbidden-destinations', scale: 1 },
  { id: 'A7', file: 'cache/private-blobs', scale: 7 },
];

const chosen = process.argv.slice(2);
const failed: string[] = [];
const directory = await TemporaryDirectory.create('soak');
const figuresFile = directory.join('figures');
for (const { id, file, scale } of soaks) {
  if (chosen.length > 0 && !chosen.includes(id)) continue;
  const { status } = spawnSync(
    join(import.meta.dirname, '../../node_modules/.bin/mocha'),
    ['--reporter', 'dot', `test/adversarial/${file}.test.ts`],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...process.env,
        MIRRORGATE_TEST_SCALE: String(scale),
        MIRRORGATE_FIGURES: figuresFile,
      },
    },
  );
  if (status !== 0) failed.push(id);
}
if (existsSync(figuresFile)) {
  console.log('\n| figure | measured |\n|---|---|');
  for (const line of readFileSync(figuresFile, 'utf8').trim().split('\n')) {
    console.log(`| ${line.replace('\t', ' | ')} |`);
  }
}
await directory.close();
if (failed.length > 0) {
  console.error(`failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
