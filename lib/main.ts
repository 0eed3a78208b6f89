#!/usr/bin/env node
/**
 * The program's entry. It must parse on every Node that is around: one that is too old runs the
 * program again on the one bundled with the checkout, or says what is needed.
 */
import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const required = [22, 23, 2];

function isRecent(version: string): boolean {
  const parts = version.split('.').map(Number);
  for (const [index, least] of required.entries()) {
    const part = parts[index] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}

/** The Node of the checkout, unless it is the one that runs this. */
function bundledNode(file: string): string | undefined {
  try {
    const path = realpathSync(join(file, '..', '..', 'node_modules', 'node', 'bin', 'node'));
    return path === realpathSync(process.execPath) ? undefined : path;
  } catch {
    return undefined;
  }
}

function fail(): void {
  const wanted = required.join('.');
  process.stderr.write(
    `mirrorgate: needs Node.js ${wanted} or later, this is ${process.versions.node}; install it, or run "npm ci" in the checkout to get one\n`,
  );
  process.exitCode = 1;
}

function runOnBundledNode(): void {
  const file = fileURLToPath(import.meta.url);
  const bundled = bundledNode(file);
  if (bundled === undefined) {
    fail();
    return;
  }
  const child = spawn(bundled, [file, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('error', fail);
  child.on('exit', (status) => (process.exitCode = status ?? 1));
}

if (isRecent(process.versions.node)) {
  const { runCli } = await import('./cli/program.ts');
  await runCli(process.argv);
} else {
  runOnBundledNode();
}
