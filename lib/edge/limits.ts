/**
 * What one stranger, one client and all of them together may take. The figures are configured; the
 * standard ones come from measured defaults of Node that were too generous for the internet.
 */
import type { LimitsConfiguration } from '../config/limits-schema.ts';

export interface Limits extends LimitsConfiguration {
  /** How often connections are looked through for those beyond a limit of time. */
  readonly checkIntervalMs: number;
}

const checkIntervalMs = 1_000;

export function limitsOf(configuration: LimitsConfiguration): Limits {
  return { ...configuration, checkIntervalMs };
}
