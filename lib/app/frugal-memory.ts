/**
 * A gate has its place on the smallest machines. V8 and glibc both keep what a peak took for the
 * next one; these have them keep little of it. What each saves and costs is in
 * docs/benchmarks.md.
 */
import { setFlagsFromString } from 'node:v8';

/**
 * For this process, before it loads much: the space for new objects stays as small as it begins.
 * Only for one that waits more than it works: it is cleaned up more often.
 */
export function stayFrugal(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** For an edge: a crowd of handshakes has the space for new objects grow, and it never shrinks. */
export const edgeNodeFlags: readonly string[] = ['--max-semi-space-size=4'];

/** For a worker: the pieces of a transfer, garbage at once, are collected before there are many. */
export const workerNodeFlags: readonly string[] = ['--max-semi-space-size=2'];

/**
 * For this process, an edge: what the answers to a crowd leave behind is collected when it is as
 * much as what lives, not four times that.
 */
export function collectEarly(): void {
  setFlagsFromString('--heap-growing-percent=100');
}

/** Of every process that is started: freed memory goes back to the system (mallopt(3)). */
export const frugalEnvironment: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_TRIM_THRESHOLD_: '131072',
};
