/** What is measured of mirrorgate alone: memory, start, and pulls that no cache has yet. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { download } from './clients.ts';
import { blobPath, type Blob, type Content } from './content.ts';
import { startFarUpstream } from './far-upstream.ts';
import { Ours } from './ours.ts';
import { clientCore, onCore, type Bench, type Setup } from './peers.ts';
import { memoryOf, type Memory } from './process-cost.ts';
import { quantile, summarize, type Summary } from './statistics.ts';

export interface ColdResult {
  readonly straightSeconds: Summary;
  readonly throughSeconds: Summary;
  readonly straightFirstByteMs: Summary;
  readonly throughFirstByteMs: Summary;
}

const warmingPulls = 10;

/** The same client straight from an upstream of 1 Gbit/s, and through a mirror that lacks the blob. */
export async function measureCold(
  bench: Bench,
  upstream: Setup,
  rounds: number,
): Promise<ColdResult> {
  const { content, certificates } = bench;
  const origin = `https://localhost:${upstream.port}`;
  const ours = await Ours.start({ bench, upstream: origin, name: 'cold', pinned: false });
  try {
    // As in the other parts, what is measured is a gate that has been at work for a while.
    for (let pull = 0; pull < warmingPulls; pull += 1) {
      await forget(ours, content.small);
      const url = `https://localhost:${ours.setup.port}${blobPath(content.small)}`;
      await download(url, certificates.root);
    }
    const straight = [];
    const through = [];
    for (let round = 0; round < rounds; round += 1) {
      straight.push(await download(origin + blobPath(content.big), certificates.root));
      await forget(ours, content.big);
      const url = `https://localhost:${ours.setup.port}${blobPath(content.big)}`;
      through.push(await download(url, certificates.root));
    }
    return {
      straightSeconds: summarize(straight.map(({ seconds }) => seconds)),
      throughSeconds: summarize(through.map(({ seconds }) => seconds)),
      straightFirstByteMs: summarize(straight.map((one) => one.firstByteSeconds * 1000)),
      throughFirstByteMs: summarize(through.map((one) => one.firstByteSeconds * 1000)),
    };
  } finally {
    await ours.close();
  }
}

export interface HerdResult {
  readonly clients: number;
  readonly upstreamGets: number;
  readonly upstreamHeads: number;
  readonly aloneMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What public registries take before they answer. */
const upstreamDelayMs = 200;

/** Many clients for one cold blob of 16 MiB, whose upstream answers after 200 ms. */
export async function measureHerd(bench: Bench, clients: readonly number[]): Promise<HerdResult[]> {
  const { content } = bench;
  const upstream = await startFarUpstream(content.tree, upstreamDelayMs);
  const ours = await Ours.start({ bench, upstream: upstream.url, name: 'herd', pinned: false });
  try {
    const results: HerdResult[] = [];
    for (const count of clients) {
      const [alone = NaN] = await herd(ours, content, 1);
      upstream.takeCounts();
      const times = await herd(ours, content, count);
      const { gets, heads } = upstream.takeCounts();
      const counts = { clients: count, upstreamGets: gets, upstreamHeads: heads, aloneMs: alone };
      results.push({ ...counts, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) });
    }
    return results;
  } finally {
    await ours.close();
    await upstream.close();
  }
}

async function herd(ours: Ours, content: Content, count: number): Promise<number[]> {
  await forget(ours, content.small);
  const script = join(import.meta.dirname, 'herd-clients.ts');
  const { port } = ours.setup;
  const child = spawn(
    process.execPath,
    [script, String(port), blobPath(content.small), String(count)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  return JSON.parse(await text(child.stdout)) as number[];
}

/** The worker then finds the file gone, and fetches it anew. */
async function forget({ cacheDirectory }: Ours, { digest }: Blob): Promise<void> {
  const hex = digest.slice(7);
  await rm(join(cacheDirectory, 'blobs', 'sha256', hex.slice(0, 2), hex), { force: true });
}

export interface MemoryResult {
  readonly startSeconds: number;
  readonly idle: Memory;
  readonly slowClients: number;
  readonly slow: Memory;
}

const slowClients = 500;
const slowBytesPerSecond = 64 * 1024;

/** At rest, and with 500 clients that take a blob of 1 GiB at 64 KiB/s each. */
export async function measureMemory(bench: Bench, upstream: string): Promise<MemoryResult> {
  const start = { bench, upstream, name: 'memory', pinned: false };
  // The first start fills the folders: certificates are in place at the second.
  await (await Ours.start(start)).close();
  const ours = await Ours.start(start);
  try {
    await delay(5_000);
    const idle = await memoryOf(ours.setup.pids);
    const url = `https://localhost:${ours.setup.port}${blobPath(bench.content.big)}`;
    await download(url, bench.certificates.root);
    const slow = await withSlowClients(ours, bench.content.big);
    return { startSeconds: ours.startSeconds, idle, slowClients, slow };
  } finally {
    await ours.close();
  }
}

async function withSlowClients(ours: Ours, blob: Blob): Promise<Memory> {
  const script = join(import.meta.dirname, 'slow-clients.ts');
  const facts = [ours.setup.port, blobPath(blob), slowClients, slowBytesPerSecond].map(String);
  const [file = '', ...rest] = onCore(clientCore, [process.execPath, script, ...facts]);
  const child = spawn(file, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data', { signal: AbortSignal.timeout(120_000) });
  const seen: Memory[] = [];
  for (let sample = 0; sample < 8; sample += 1) {
    await delay(1_500);
    seen.push(await memoryOf(ours.setup.pids));
  }
  child.stdin.end();
  await once(child, 'close');
  return {
    residentBytes: Math.max(...seen.map(({ residentBytes }) => residentBytes)),
    proportionalBytes: Math.max(...seen.map(({ proportionalBytes }) => proportionalBytes)),
  };
}
