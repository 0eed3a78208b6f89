/** The clock of a gate that lives by one that a test moves (`clocked-gate.ts`), in days. */
import { createRequire } from 'node:module';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { poll } from '../lab/polling.ts';

/** For `Gate.start`. A gate in a namespace stands in no folder from which node could look for tsx. */
export const clockedProgram = [
  process.execPath,
  '--import',
  pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href,
  fileURLToPath(new URL('clocked-gate.ts', import.meta.url)),
];

const dayDeadlineMs = 30_000;
const dayMs = 86_400_000;

export class GateClock {
  readonly #hourFile: string;
  #day = 0;

  constructor(configurationFile: string) {
    this.#hourFile = join(dirname(configurationFile), 'hour');
  }

  /** Since the gate was started. */
  get day(): number {
    return this.#day;
  }

  now(): Date {
    return new Date(Date.now() + this.#day * dayMs);
  }

  /** By hours, so that the gate believes it. What the last hour began may still be going on. */
  async passUntil(day: number): Promise<void> {
    const hour = String(day * 24);
    await writeFile(this.#hourFile, hour);
    const isReached = async (): Promise<boolean> =>
      (await readFile(`${this.#hourFile}.reached`, 'utf8')) === hour;
    await poll(async () => ((await isReached()) ? true : undefined), {
      deadlineMs: dayDeadlineMs,
      what: `day ${day}`,
    });
    this.#day = day;
  }
}
