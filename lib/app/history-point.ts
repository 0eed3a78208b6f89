/** One line of the history: `{"at":1764097200,"mirrors":{"hub":[12,10,4096,2048,2048,0]}}`. */
import type { Traffic, TrafficByMirror } from './traffic.ts';

export interface HistoryPoint {
  /** When its span began. */
  readonly at: Date;
  readonly mirrors: TrafficByMirror;
}

export function pointLine({ at, mirrors }: HistoryPoint): string {
  const entries = [...mirrors].map(([mirror, traffic]) => {
    const { requests, hits, sentBytes, savedBytes, upstreamBytes, errors } = traffic;
    return [mirror, [requests, hits, sentBytes, savedBytes, upstreamBytes, errors]] as const;
  });
  return JSON.stringify({
    at: Math.floor(at.getTime() / 1000),
    mirrors: Object.fromEntries(entries),
  });
}

/** Undefined for a line that a crash has cut, or that is none of ours. */
export function parsePoint(line: string): HistoryPoint | undefined {
  try {
    const { at, mirrors } = JSON.parse(line) as { at?: unknown; mirrors?: unknown };
    if (typeof at !== 'number' || typeof mirrors !== 'object' || mirrors === null) return undefined;
    const entries = Object.entries(mirrors).map(([mirror, figures]) => {
      return [mirror, trafficOf(figures)] as const;
    });
    return { at: new Date(at * 1000), mirrors: new Map(entries) };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

function trafficOf(figures: unknown): Traffic {
  const isWhole = Array.isArray(figures) && figures.every((figure) => figure >= 0);
  if (!isWhole || figures.length !== 6) throw new TypeError('not a point of the history');
  const [requests, hits, sentBytes, savedBytes, upstreamBytes, errors] = figures as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return { requests, hits, sentBytes, savedBytes, upstreamBytes, errors };
}
