/**
 * Makes a checkout ready to run: npm packages from the lock file, then the build. Does only what
 * is not done yet. Runs on any Node, since it is what brings the right one.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const marker = join(root, 'node_modules', '.mirrorgate-lock');
const bundledNode = join(root, 'node_modules', 'node', 'bin', 'node');

/** The Node of this checkout where it is there, else the one that runs this. */
export function nodePath() {
  return existsSync(bundledNode) ? bundledNode : process.execPath;
}

/** The environment in which `node` and the tools of the lock file come first. */
export function toolEnvironment() {
  const path = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  return { ...process.env, PATH: path };
}

/** Runs a command to its end; a failure ends this program with its status. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) {
    console.error(`mirrorgate: cannot run ${command}: ${error.message}`);
    process.exit(1);
  }
  if (status !== 0) process.exit(status ?? 1);
}

function installPackages() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === lock) return;
  console.error('mirrorgate: installing npm packages (once for each lock file)');
  // The install scripts that package.json allows bring the Node of this checkout.
  run('npm', ['ci', '--loglevel=error', '--ignore-scripts=false'], { stdio: ['ignore', 2, 2] });
  writeFileSync(marker, lock);
}

function newestChange(path) {
  const facts = statSync(path);
  if (!facts.isDirectory()) return facts.mtimeMs;
  const inside = readdirSync(path).map((name) => newestChange(join(path, name)));
  return Math.max(facts.mtimeMs, ...inside);
}

function build() {
  const built = join(root, 'dist', '.built');
  const sources = ['lib', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
  const changed = Math.max(...sources.map((name) => newestChange(join(root, name))));
  if (existsSync(built) && statSync(built).mtimeMs > changed) return;
  console.error('mirrorgate: building');
  run(nodePath(), [
    join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
    '-p',
    'tsconfig.build.json',
  ]);
  writeFileSync(built, '');
}

export function setUp() {
  installPackages();
  build();
}

if (process.argv[1]?.endsWith('setup.mjs')) setUp();
