/** Lines of a gate's log, as it writes them to standard error. */
import type { LogLine } from '../lab/gate.ts';

/** Undefined for a line that is no log line. */
export function tryLogLine(text: string): LogLine | undefined {
  if (!text.startsWith('{')) return undefined;
  return JSON.parse(text) as LogLine;
}
