/** One edge against two on all cores: what a second one brings, with the clients' own cost beside. */
import { setTimeout as delay } from 'node:timers/promises';
import { runCommand } from '../../test/support/lab/command.ts';
import { machine } from '../../test/support/lab/place.ts';
import { blobPath, manifestPath } from './content.ts';
import { Ours } from './ours.ts';
import type { Bench } from './peers.ts';
import { cpuSeconds } from './process-cost.ts';
import { quantile } from './statistics.ts';

export interface EdgesResult {
  readonly edges: number;
  /** Manifests. */
  readonly requestsPerSecond: number;
  /** GiB of a warm blob, four clients. */
  readonly gibPerSecond: number;
  /** Processors in use while manifests were asked for. */
  readonly serverCores: number;
  readonly clientCores: number;
}

const loadSeconds = 4;
const downloads = 4;
const gibibyte = 1024 ** 3;

export async function measureEdges(
  bench: Bench,
  upstream: string,
  rounds: number,
): Promise<EdgesResult[]> {
  const gates = [];
  for (const edges of [1, 2]) {
    const name = `edges-${edges}`;
    gates.push({ edges, ours: await Ours.start({ bench, upstream, name, edges, pinned: false }) });
  }
  const middle = (values: readonly number[]): number => quantile(values, 0.5);
  try {
    const measured = gates.map(({ edges, ours }) => ({ edges, ours, runs: [] as EdgesResult[] }));
    for (let round = 0; round <= rounds; round += 1) {
      for (const { edges, ours, runs } of measured) {
        const run = { edges, ...(await manifests(bench, ours)), ...(await blobs(bench, ours)) };
        // The first round fills the cache and warms V8 up.
        if (round > 0) runs.push(run);
      }
    }
    return measured.map(({ edges, runs }) => ({
      edges,
      requestsPerSecond: middle(runs.map((run) => run.requestsPerSecond)),
      gibPerSecond: middle(runs.map((run) => run.gibPerSecond)),
      serverCores: middle(runs.map((run) => run.serverCores)),
      clientCores: middle(runs.map((run) => run.clientCores)),
    }));
  } finally {
    for (const { ours } of gates) await ours.close();
  }
}

async function manifests(
  { certificates }: Bench,
  { setup }: Ours,
): Promise<Pick<EdgesResult, 'requestsPerSecond' | 'serverCores' | 'clientCores'>> {
  const url = `https://localhost:${setup.port}${manifestPath}`;
  const before = await cpuSeconds(setup.pids);
  // bash tells what its children cost; wrk itself does not.
  const script = `TIMEFORMAT='spent %U %S'; { time wrk -t1 -c32 -d${loadSeconds}s "$0"; } 2>&1`;
  const { stdout } = await runCommand(machine, ['bash', '-c', script, url], { deadlineMs: 60_000 });
  const spent = (await cpuSeconds(setup.pids)) - before;
  const [, requests, seconds] = /([0-9]+) requests in ([0-9.]+)s/.exec(stdout) ?? [];
  const [, user, system] = /spent ([0-9.]+) ([0-9.]+)/.exec(stdout) ?? [];
  if (stdout.includes('Non-2xx')) throw new TypeError(`${url} (${certificates.root}): ${stdout}`);
  return {
    requestsPerSecond: Number(requests) / Number(seconds),
    serverCores: spent / Number(seconds),
    clientCores: (Number(user) + Number(system)) / Number(seconds),
  };
}

async function blobs(
  { certificates, content }: Bench,
  { setup }: Ours,
): Promise<Pick<EdgesResult, 'gibPerSecond'>> {
  const url = `https://localhost:${setup.port}${blobPath(content.big)}`;
  const curl = ['curl', '-sS', '--fail', '--http1.1', '--cacert', certificates.root];
  const command = [...curl, '-o', '/dev/null', url];
  await runCommand(machine, command, { deadlineMs: 120_000 });
  await delay(100);
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: downloads }, () => runCommand(machine, command, { deadlineMs: 120_000 })),
  );
  const seconds = (performance.now() - begun) / 1000;
  return { gibPerSecond: (downloads * content.big.sizeBytes) / gibibyte / seconds };
}
