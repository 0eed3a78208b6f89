/** Which mirrorgate this is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** When this version was made: a clock that shows less is wrong, and nothing is signed by it. */
export const releasedAt = new Date('2026-11-23T00:00:00Z');

/** The version in package.json, which stands two folders above this file, built or not. */
export function readVersion(): string {
  const path = join(import.meta.dirname, '..', '..', 'package.json');
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string };
  return version;
}
