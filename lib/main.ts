#!/usr/bin/env node
/**
 * The program's entry. It must parse on every Node that is around: one that is too old runs the
 * program again on the one bundled with the checkout, or says what is needed.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
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

function runOnBundledNode(): void {
  const file = fileURLToPath(import.meta.url);
  const bundled = join(file, '..', '..', 'node_modules', 'node', 'bin', 'node');
  if (!existsSync(bundled)) {
    const wanted = required.join('.');
    process.stderr.write(
      `mirrorgate: needs Node.js ${wanted} or later, this is ${process.versions.node}; install it, or run "npm ci" in the checkout to get one\n`,
    );
    process.exitCode = 1;
    return;
  }
  const child = spawn(bundled, [file, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('exit', (status) => (process.exitCode = status ?? 1));
}

if (isRecent(process.versions.node)) {
  const { runCli } = await import('./cli/program.ts');
  await runCli(process.argv);
} else {
  runOnBundledNode();
}
