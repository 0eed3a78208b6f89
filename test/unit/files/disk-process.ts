/** What becomes of an atomic file on a disk that is full, then read-only; told as JSON. */
import { spawnSync } from 'node:child_process';
import { open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../../lib/errors/mirrorgate-error.ts';
import { writeFileAtomically } from '../../../lib/files/atomic-file.ts';

const [, , disk = ''] = process.argv;
const path = join(disk, 'state.json');
const filler = join(disk, 'filler');

async function outcomeOf(size: number): Promise<unknown[]> {
  const code = await writeFileAtomically(path, 'n'.repeat(size)).then(() => 'written', errorCode);
  const content = await readFile(path, 'utf8');
  return [code, content.length, (await readdir(disk)).sort()];
}

async function fill(): Promise<void> {
  const handle = await open(filler, 'w');
  try {
    for (;;) await handle.write(Buffer.alloc(4096));
  } catch {
    await handle.close();
  }
}

await writeFileAtomically(path, 'old');
await fill();
const full = await outcomeOf(100_000);
await rm(filler);
const roomy = await outcomeOf(100_000);
spawnSync('mount', ['-o', 'remount,ro', disk]);
const readOnly = await outcomeOf(5);
console.log(JSON.stringify({ full, roomy, readOnly }));
