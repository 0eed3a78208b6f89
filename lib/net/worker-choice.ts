/**
 * Which worker owns a piece of content: rendezvous hashing, so that every edge agrees without a
 * word and a change of the number of workers moves only the share that must move.
 */
import { createHash } from 'node:crypto';

/** The index of the worker that owns `key`, of `count`. */
export function chooseWorker(key: string, count: number): number {
  if (count === 1) return 0;
  let best = 0;
  let bestWeight = -1n;
  for (let index = 0; index < count; index += 1) {
    const weight = createHash('sha256').update(`${index} ${key}`).digest().readBigUInt64BE();
    if (weight > bestWeight) {
      best = index;
      bestWeight = weight;
    }
  }
  return best;
}

/** What a pull is owned by: a blob by its digest wherever it is asked for, all else by repository. */
export function ownerKey(
  mirror: string,
  pull: { readonly kind: string; readonly repository: string; readonly digest?: string },
): string {
  const { kind, repository, digest } = pull;
  return kind === 'blob' && digest !== undefined ? digest : `${mirror}/${repository}`;
}
