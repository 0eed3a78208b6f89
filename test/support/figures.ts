/** What the long runs (`npm run soak:cache`) measured, a line each; the suite itself keeps none. */
import { appendFileSync } from 'node:fs';

/** `id` is the figure's name in docs/benchmarks.md. */
export function noteFigure(id: string, text: string): void {
  const file = process.env['MIRRORGATE_FIGURES'];
  if (file !== undefined) appendFileSync(file, `${id}\t${text}\n`);
}

/** The value that `share` of all are not above. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}
