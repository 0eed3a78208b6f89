/** The processes of this machine, as far as tests ask for them (proc(5)). */
import { readdir, readFile } from 'node:fs/promises';
import { poll } from '../lab/polling.ts';

export async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    threads.map((id) => readFile(`/proc/${pid}/task/${id}/children`, 'utf8').catch(() => '')),
  );
  return lists.flatMap((list) => list.split(' ').filter((text) => text !== '')).map(Number);
}

/** The name that a process of the program gave itself: `mirrorgate: edge-1`. */
export async function titleOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return text.replace(/\0.*$/s, '');
}

/** Not ended; one whose parent has not asked for its status yet counts as ended. */
export async function isAlive(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text !== '' && !/\) [ZX] /.test(text);
}

/** Living processes that were started with `NAME=VALUE` in their environment. */
export async function withEnvironment(assignment: string): Promise<number[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const text = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      return text.split('\0').includes(assignment) && (await isAlive(pid)) ? [pid] : [];
    }),
  );
  return found.flat();
}

/** `edge-1`, `worker-1` of a supervisor, once it is there. */
export async function memberOf(supervisor: number, name: string): Promise<number> {
  return await poll(() => findChild(supervisor, `mirrorgate: ${name}`), {
    deadlineMs: 5_000,
    what: `process ${name}`,
  });
}

/** Of the gate that this process started last, through whatever stands between. */
export async function supervisorBelow(pid: number): Promise<number> {
  return await poll(() => findDescendant(pid, 'mirrorgate: supervisor'), {
    deadlineMs: 5_000,
    what: 'supervisor',
  });
}

/** Resolves when all of them have ended. */
export async function allEnded(pids: readonly number[], deadlineMs = 5_000): Promise<void> {
  await poll(
    async () => {
      const living = await Promise.all(pids.map(isAlive));
      return living.includes(true) ? undefined : true;
    },
    { deadlineMs, what: `end of ${pids.join(', ')}` },
  );
}

async function findChild(pid: number, title: string): Promise<number | undefined> {
  for (const child of await childrenOf(pid)) {
    if ((await titleOf(child)) === title) return child;
  }
  return undefined;
}

async function findDescendant(pid: number, title: string): Promise<number | undefined> {
  for (const child of (await childrenOf(pid)).reverse()) {
    if ((await titleOf(child)) === title) return child;
    const deeper = await findDescendant(child, title);
    if (deeper !== undefined) return deeper;
  }
  return undefined;
}
