/**
 * `npm test`: sets up what the tests need (npm and Debian packages), then runs every check and
 * suite, and stops at the first that fails.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installDebianPackages } from './debian-packages.mjs';
import { nodePath, root, run, setUp, toolEnvironment } from './setup.mjs';

/** Real registries and clients; one name a line, `#` begins a comment. */
function labPackages() {
  return readFileSync(join(root, 'scripts', 'lab-packages.txt'), 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
}

setUp();
installDebianPackages(labPackages());

const steps = [
  ['lint', 'eslint', '.'],
  ['format', 'prettier', '--check', '--log-level=warn', '.'],
  ['types', 'tsc', '--noEmit'],
  ['layers', 'node', '--import', 'tsx', 'scripts/check-layers.ts'],
  ['schema', 'node', '--import', 'tsx', 'scripts/json-schema.ts', '--check'],
  ['tests', 'mocha', 'test/**/*.test.ts'],
];
const node = spawnSync(nodePath(), ['--version'], { encoding: 'utf8' }).stdout.trim();
for (const [name, command, ...args] of steps) {
  console.error(`mirrorgate: ${name} (Node ${node})`);
  run(command, args, { env: toolEnvironment() });
}
