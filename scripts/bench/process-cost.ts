/** What a server costs: processor time and memory of all its processes, as the kernel counts them. */
import { readdir, readFile } from 'node:fs/promises';

export interface Memory {
  /** Sum of the resident sets; pages that processes share count in each. */
  readonly residentBytes: number;
  /** The same with each shared page divided among those who share it. */
  readonly proportionalBytes: number;
}

/** `pids` and everything below them. */
export async function processTree(pids: readonly number[]): Promise<number[]> {
  const tree: number[] = [];
  const visit = async (pid: number): Promise<void> => {
    tree.push(pid);
    const text = await readOrNothing(`/proc/${pid}/task/${pid}/children`);
    for (const child of text.split(' ').filter((part) => part !== '')) await visit(Number(child));
  };
  for (const pid of pids) await visit(pid);
  return tree;
}

/** Processor time so far of every living thread below `pids`, to the nanosecond. */
export async function cpuSeconds(pids: readonly number[]): Promise<number> {
  let nanoseconds = 0;
  for (const pid of await processTree(pids)) {
    for (const task of await readdir(`/proc/${pid}/task`).catch(() => [])) {
      const [spent = '0'] = (await readOrNothing(`/proc/${pid}/task/${task}/schedstat`)).split(' ');
      nanoseconds += Number(spent);
    }
  }
  return nanoseconds / 1e9;
}

export async function memoryOf(pids: readonly number[]): Promise<Memory> {
  const memory = { residentBytes: 0, proportionalBytes: 0 };
  for (const pid of await processTree(pids)) {
    const text = await readOrNothing(`/proc/${pid}/smaps_rollup`);
    memory.residentBytes += kibibytes(text, 'Rss') * 1024;
    memory.proportionalBytes += kibibytes(text, 'Pss') * 1024;
  }
  return memory;
}

function kibibytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+([0-9]+) kB`, 'm').exec(text)?.[1] ?? 0);
}

/** A process or thread may end while it is looked at. */
function readOrNothing(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
