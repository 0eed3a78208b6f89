/** How often the randomised tests repeat: 1 in the normal suite, more in the long runs. */

/** `MIRRORGATE_TEST_SCALE=40` runs forty times as many cases. */
export function scaled(count: number): number {
  const scale = Number(process.env['MIRRORGATE_TEST_SCALE'] ?? 1);
  return Math.round(count * (Number.isFinite(scale) && scale > 0 ? scale : 1));
}
