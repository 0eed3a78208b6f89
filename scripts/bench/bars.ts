/** What mirrorgate must reach, each held against what the same run measured. */
import type { EdgesResult } from './edges.ts';
import type { ColdResult, HerdResult, MemoryResult } from './extras.ts';
import { titles } from './scenarios.ts';
import type { ScenarioResult } from './trials.ts';

export interface BenchResults {
  readonly scenarios: readonly ScenarioResult[];
  readonly cold: ColdResult | undefined;
  readonly herd: readonly HerdResult[];
  readonly memory: MemoryResult | undefined;
  readonly edges: readonly EdgesResult[];
}

export interface Bar {
  readonly what: string;
  readonly wanted: string;
  readonly measured: string;
  readonly isMet: boolean;
}

const mebibyte = 1024 ** 2;

export function bars({ scenarios, cold, herd, memory }: BenchResults): Bar[] {
  const cost = (title: string, setup: string): number | undefined =>
    scenarios
      .find((scenario) => scenario.title === title)
      ?.results.find((result) => result.setup === setup)?.cpuPerUnit.median;
  /** Processor time of ours over the other's. */
  const atMost = (what: string, title: string, peer: string, limit: number): Bar[] => {
    const [ours, other] = [cost(title, 'mirrorgate'), cost(title, peer)];
    if (ours === undefined || other === undefined) return [];
    const ratio = ours / other;
    return [bar(what, `≤ ${limit} × ${peer}`, ratio, '×', ratio <= limit)];
  };
  /** Work for a second of processor time, ours over the other's. */
  const atLeast = (what: string, title: string, peer: string, limit: number): Bar[] => {
    const [ours, other] = [cost(title, 'mirrorgate'), cost(title, peer)];
    if (ours === undefined || other === undefined) return [];
    const ratio = other / ours;
    return [bar(what, `≥ ${limit} × ${peer}`, ratio, '×', ratio >= limit)];
  };
  const caddyBefore = 'Caddy → distribution';
  const nginx = 'nginx, static file';
  return [
    ...atMost('warm blob, CPU per GiB', titles.blob, nginx, 0.8),
    ...atMost('warm blob, CPU per GiB', titles.blob, caddyBefore, 0.45),
    ...atLeast('warm manifest, requests per CPU second', titles.manifest, caddyBefore, 20),
    ...atLeast('warm manifest, requests per CPU second', titles.manifest, nginx, 0.6),
    ...atLeast('full handshakes per CPU second', titles.handshake, nginx, 0.7),
    ...(cold === undefined ? [] : coldBars(cold)),
    ...herd.flatMap(herdBars),
    ...(memory === undefined ? [] : memoryBars(memory)),
  ];
}

function coldBars(cold: ColdResult): Bar[] {
  const wall = cold.throughSeconds.median / cold.straightSeconds.median;
  const first = cold.throughFirstByteMs.median - cold.straightFirstByteMs.median;
  return [
    bar('cold blob, wall', '≤ 1.1 × straight from the upstream', wall, '×', wall <= 1.1),
    bar('cold blob, first byte', "≤ the upstream's + 10 ms", first, 'ms later', first <= 10),
  ];
}

function herdBars({ clients, upstreamGets, aloneMs, p99Ms }: HerdResult): Bar[] {
  const what = `herd of ${clients}`;
  const ratio = p99Ms / aloneMs;
  return [
    bar(`${what}, upstream GETs`, 'exactly 1', upstreamGets, '', upstreamGets === 1),
    bar(`${what}, first byte p99`, '< 2 × one client alone', ratio, '×', ratio < 2),
  ];
}

function memoryBars({ startSeconds, idle, slow, slowClients }: MemoryResult): Bar[] {
  const bars: Bar[] = [];
  for (const [what, { residentBytes, proportionalBytes }, limit] of [
    [`${slowClients} slow clients`, slow, 256],
    ['at rest', idle, 150],
  ] as const) {
    const shared = proportionalBytes / mebibyte;
    const sum = residentBytes / mebibyte;
    bars.push(
      bar(`memory, ${what}`, `≤ ${limit} MiB`, shared, 'MiB, shared pages once', shared <= limit),
      bar(`memory, ${what}`, `≤ ${limit} MiB`, sum, 'MiB, sum of resident sets', sum <= limit),
    );
  }
  return [...bars, bar('start to ready', '≤ 1 s', startSeconds, 's', startSeconds <= 1)];
}

function bar(what: string, wanted: string, value: number, unit: string, isMet: boolean): Bar {
  const text = Number.isInteger(value) ? String(value) : value.toPrecision(3);
  return { what, wanted, measured: `${text} ${unit}`.trim(), isMet };
}
