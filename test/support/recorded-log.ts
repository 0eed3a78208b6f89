/** A logger that keeps what it is told. */
import type { LogFields, Logger, LogLevel } from '../../lib/telemetry/logger.ts';

export interface LogEntry {
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: LogFields;
}

export interface RecordedLog extends Logger {
  readonly entries: readonly LogEntry[];
}

export function recordedLog(): RecordedLog {
  const entries: LogEntry[] = [];
  const keep =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}): void =>
      void entries.push({ level, event, fields });
  return {
    entries,
    error: keep('error'),
    warn: keep('warn'),
    info: keep('info'),
    debug: keep('debug'),
  };
}
