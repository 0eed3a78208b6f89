/**
 * `npm test`: sets up what the tests need (npm and Debian packages), then runs every check and
 * suite, and stops at the first that fails.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodePath, root, run, setUp, toolEnvironment } from './setup.mjs';

/** Real registries, ACME servers and clients; one name a line, `#` begins a comment. */
function installDebianPackages() {
  const wanted = readFileSync(join(root, 'scripts', 'lab-packages.txt'), 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
  const missing = wanted.filter((name) => {
    const { stdout } = spawnSync('dpkg-query', ['-W', '-f', '${Status}', name], { encoding: 'utf8' });
    return stdout !== 'install ok installed';
  });
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).status !== 0) {
    console.error(`mirrorgate: not installed, their tests are skipped: ${missing.join(' ')}`);
    return;
  }
  console.error(`mirrorgate: installing Debian packages: ${missing.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-qq'], { env });
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

setUp();
installDebianPackages();

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
