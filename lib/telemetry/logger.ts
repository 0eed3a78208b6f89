/**
 * The log: one line per event, JSON or text, on standard error. A value that came from outside
 * can neither break a line nor reach the terminal, and a secret never gets here.
 */
import winston from 'winston';
import { errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** Facts of an event. `undefined` ones are left out. */
export type LogFields = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>;

export interface Logger {
  error(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  debug(event: string, fields?: LogFields): void;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: 'json' | 'text';
  /** The process that logs: `supervisor`, `edge-1`, `worker-1`. */
  readonly process: string;
  /** Standard error unless told. */
  readonly stream?: NodeJS.WritableStream;
}

/** Longest text kept of a field. */
const maxFieldLength = 256;

export function createLogger(options: LoggerOptions): Logger {
  const stream = options.stream ?? process.stderr;
  // Whoever reads the log may leave (`2>&1 | head`): without a listener that ends the process.
  stream.on('error', () => undefined);
  const transport = new winston.transports.Stream({ stream });
  const log = winston.createLogger({
    level: options.level,
    format: winston.format.printf((info) => line(info as unknown as LineInfo, options)),
    transports: [transport],
    exitOnError: false,
  });
  const write =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}): void =>
      void log.log({ level, message: event, fields });
  return { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') };
}

/** The facts of an error, for the fields of an event. */
export function errorFields(error: unknown): LogFields {
  if (error instanceof MirrorgateError) {
    return { code: error.code, error: errorMessage(error), hint: error.hint };
  }
  return { error: errorMessage(error) };
}

interface LineInfo {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

function line({ level, message, fields }: LineInfo, { format, process }: LoggerOptions): string {
  const fixed = { time: new Date().toISOString(), level, process, event: cleanText(message) };
  const clean = Object.entries(fields).flatMap(([key, value]) =>
    value === undefined ? [] : [[cleanText(key), cleanValue(value)] as const],
  );
  if (format === 'json') {
    // Twice: first in their place, then again over a field that took one of their names.
    return JSON.stringify({ ...fixed, ...Object.fromEntries(clean), ...fixed });
  }
  const shown = clean.map(([key, value]) => `${key}=${textValue(value)}`);
  return [fixed.time, level.toUpperCase().padEnd(5), process, fixed.event, ...shown].join(' ');
}

function cleanValue(value: NonNullable<LogFields[string]>): typeof value {
  if (typeof value === 'string') return cleanText(value);
  return typeof value === 'object' ? value.map(cleanText) : value;
}

/** Whatever breaks a line, moves a cursor or turns the direction of writing. */
const unsafeCharacters =
  // eslint-disable-next-line no-control-regex -- control characters are what it is for
  /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Cuts to length and shows control characters as escapes, so that a line stays a line. */
export function cleanText(text: string): string {
  const cut = text.length > maxFieldLength ? `${text.slice(0, maxFieldLength)}…` : text;
  return cut.replace(unsafeCharacters, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function textValue(value: NonNullable<LogFields[string]>): string {
  const text = typeof value === 'object' ? value.join(',') : String(value);
  return /^[\w.:/@+,=-]+$/.test(text) ? text : JSON.stringify(text);
}
