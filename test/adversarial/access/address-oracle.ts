/** Random allow-lists and addresses, decided by lib/access and by Python's ipaddress. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildAllowList } from '../../../lib/access/allow-list.ts';
import { tryPeerAddress } from '../../../lib/net/address.ts';
import { parsedList } from '../../support/edge/test-allow-list.ts';
import { randomCase, seededRandom, type RandomCase } from './random-case.ts';

export interface OracleReport {
  readonly pairs: number;
  /** How often we said y(es), n(o), and ? of what is no address. */
  readonly answers: Readonly<Record<string, number>>;
  readonly differenceCount: number;
  /** The first of them, to be read. */
  readonly differences: readonly string[];
}

const names = ['hub', 'ghcr', 's3'];
const script = join(import.meta.dirname, 'address-oracle.py');
const maxShown = 10;

/** Compares at least `pairs` decisions. The same seed makes the same ones. */
export async function compareWithPython(pairs: number, seed: number): Promise<OracleReport> {
  const python = spawn('python3', ['-u', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(python, 'spawn');
  python.stdin.on('error', (error) => python.stdout.destroy(error));
  const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
  const random = seededRandom(seed);
  const answers: Record<string, number> = {};
  const differences: string[] = [];
  let differenceCount = 0;
  let compared = 0;
  try {
    while (compared < pairs) {
      const one = randomCase(random, names);
      python.stdin.write(`${JSON.stringify(one)}\n`);
      const ours = decide(one);
      const theirs = await lines.next();
      if (theirs.done === true) throw new Error('python3 ended before its answer');
      for (const [index, answer] of ours.entries()) {
        answers[answer] = (answers[answer] ?? 0) + 1;
        if (answer === theirs.value[index]) continue;
        differenceCount += 1;
        const query = JSON.stringify(one.queries[index]);
        const told = `${query}: we say ${answer}, Python ${theirs.value[index] ?? 'nothing'}`;
        if (differences.length < maxShown) {
          differences.push(`${told}, of ${JSON.stringify(one.allow)}`);
        }
      }
      compared += ours.length;
    }
  } finally {
    python.stdin.end();
    python.kill();
  }
  return { pairs: compared, answers, differenceCount, differences };
}

/** y, n or ? for each query. */
function decide({ allow, allowAll, now, queries }: RandomCase): string[] {
  const text = JSON.stringify({ allow, allowAll });
  const list = buildAllowList(structuredClone(parsedList(text, names)));
  const instant = new Date(now);
  return queries.map(([peer, name]) => {
    const address = tryPeerAddress(peer);
    if (address === undefined) return '?';
    return list.lookup(address, instant)?.permits(name) === true ? 'y' : 'n';
  });
}
