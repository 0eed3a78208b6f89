/**
 * The log: one line per event, JSON or text, on standard error. A value that came from outside
 * can neither break a line nor reach the terminal, and a secret never gets here.
 */
import { Writable } from 'node:stream';
import winston from 'winston';
import { errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';
import { LineOutput } from './line-output.ts';

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

const standardError = 2;

/** An event of every request: it goes past winston, which costs as much as the rest of the answer. */
const frequentEvent = 'access';

export function createLogger(options: LoggerOptions): Logger {
  const put = options.stream === undefined ? toStandardError(options) : toStream(options.stream);
  const stream = new Writable({
    decodeStrings: false,
    write(text: string, _encoding, callback) {
      put(text);
      callback();
    },
  });
  const log = winston.createLogger({
    level: options.level,
    format: winston.format.printf((info) => line(info as unknown as LineInfo, options)),
    transports: [new winston.transports.Stream({ stream, eol: '\n' })],
    exitOnError: false,
  });
  const showsInfo = log.isLevelEnabled('info');
  const write =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}): void =>
      void log.log({ level, message: event, fields });
  const writeInfo = write('info');
  return {
    error: write('error'),
    warn: write('warn'),
    info: (event, fields) => {
      if (event !== frequentEvent) writeInfo(event, fields);
      else if (showsInfo) put(`${line({ level: 'info', message: event, fields }, options)}\n`);
    },
    debug: write('debug'),
  };
}

type Put = (text: string) => void;

function toStandardError(options: LoggerOptions): Put {
  const output = new LineOutput({
    fd: standardError,
    droppedLine: (count) =>
      `${line({ level: 'warn', message: 'log lines dropped', fields: { count } }, options)}\n`,
  });
  process.once('exit', () => output.flushSync());
  return (text) => output.write(text);
}

function toStream(stream: NodeJS.WritableStream): Put {
  stream.on('error', () => undefined);
  return (text) => void stream.write(text);
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
  readonly fields: LogFields | undefined;
}

function line({ level, message, fields = {} }: LineInfo, options: LoggerOptions): string {
  const fixed = { time: timeText(Date.now()), level, process: options.process };
  return options.format === 'json'
    ? jsonLine({ ...fixed, event: message }, fields)
    : textLine({ ...fixed, event: message }, Object.entries(fields));
}

let lastTime = { ms: NaN, text: '' };

/** ISO 8601. A busy edge logs dozens of lines a millisecond, and to write the time is slow. */
function timeText(ms: number): string {
  if (ms !== lastTime.ms) lastTime = { ms, text: new Date(ms).toISOString() };
  return lastTime.text;
}

type Fixed = Readonly<Record<'time' | 'level' | 'process' | 'event', string>>;
type Facts = readonly (readonly [string, LogFields[string]])[];

/** A field that took one of these names is left out. */
const fixedNames = new Set(['time', 'level', 'process', 'event']);

/** How the names of fields stand in a line: there are as many as the code has. */
const nameTexts = new Map<string, string>();

/** Put together by hand: the access log has a line for every request. */
function jsonLine({ time, level, process, event }: Fixed, fields: LogFields): string {
  let text = `{"time":"${time}","level":"${level}","process":${jsonText(process)},"event":${jsonText(event)}`;
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    if (value === undefined || fixedNames.has(name)) continue;
    text += nameText(name) + jsonValue(value);
  }
  return `${text}}`;
}

function nameText(name: string): string {
  const known = nameTexts.get(name);
  if (known !== undefined) return known;
  const text = `,${jsonText(name)}:`;
  nameTexts.set(name, text);
  return text;
}

function textLine({ time, level, process, event }: Fixed, facts: Facts): string {
  const shown = facts.flatMap(([name, value]) =>
    value === undefined ? [] : [`${cleanText(name)}=${textValue(cleanValue(value))}`],
  );
  return [time, level.toUpperCase().padEnd(5), process, cleanText(event), ...shown].join(' ');
}

function jsonValue(value: NonNullable<LogFields[string]>): string {
  if (typeof value === 'string') return jsonText(value);
  if (typeof value === 'boolean' || Number.isFinite(value)) return String(value);
  return JSON.stringify(cleanValue(value));
}

/** Needs neither cleaning nor escapes. */
const plainText = /^[ !#-[\]-~]*$/;

function jsonText(text: string): string {
  const isPlain = text.length <= maxFieldLength && plainText.test(text);
  return isPlain ? `"${text}"` : JSON.stringify(cleanText(text));
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
