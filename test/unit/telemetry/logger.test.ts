import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { MirrorgateError } from '../../../lib/errors/mirrorgate-error.ts';
import {
  cleanText,
  createLogger,
  errorFields,
  type LogFields,
  type Logger,
  type LoggerOptions,
} from '../../../lib/telemetry/logger.ts';
import { SeededRandom } from '../../support/edge/seeded-random.ts';

/** The lines that `write` makes. */
async function linesOf(
  options: Pick<LoggerOptions, 'format'> & Partial<LoggerOptions>,
  write: (logger: Logger) => void,
): Promise<string[]> {
  const stream = new PassThrough();
  write(createLogger({ level: 'debug', process: 'edge-1', ...options, stream }));
  stream.end();
  const written = await text(stream);
  expect(written === '' || written.endsWith('\n')).to.equal(true);
  return written.split('\n').slice(0, -1);
}

async function jsonOf(event: string, fields: LogFields): Promise<Record<string, unknown>> {
  const [line = ''] = await linesOf({ format: 'json' }, (logger) => logger.info(event, fields));
  return JSON.parse(line) as Record<string, unknown>;
}

// eslint-disable-next-line no-control-regex -- what must not reach a terminal
const unsafe = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

const hostile = [
  ...['\r\n', '\n{"event":"forged"}', '\u001b[2J\u001b[31m', '\u009b31m', '\u0000', '\u0007'],
  ...['\u2028', '\u2029', '\u202e', '\u2066', '\u007f', '\ud800', '\udfff', '"', '\\', '\\n', '='],
  ...['%s%d%j', '${jndi:x}', '🦊', 'é', ' ', '\t', 'x'.repeat(400), '\u0001'.repeat(300), '{', ','],
];

function hostileText(random: SeededRandom): string {
  return Array.from({ length: 1 + random.below(6) }, () =>
    random.below(2) === 0 ? random.pick(hostile) : random.bytes(4).toString('latin1'),
  ).join('');
}

describe('the log in JSON', () => {
  it('has time, level, process and event before the facts, undefined ones left out', async () => {
    const entry = await jsonOf('pull', { client: '::1', bytes: 5, hit: true, label: undefined });
    expect(Object.keys(entry)).to.deep.equal([
      ...['time', 'level', 'process', 'event', 'client', 'bytes', 'hit'],
    ]);
    expect(entry).to.include({ level: 'info', process: 'edge-1', event: 'pull', bytes: 5 });
    expect(new Date(String(entry['time'])).toISOString()).to.equal(entry['time']);
  });

  it('keeps its own facts where a field has taken their names', async () => {
    const fields = { time: 'x', level: 'error', process: 'x', event: 'forged', own: 'y' };
    const entry = await jsonOf('pull', fields);
    expect(entry).to.include({ level: 'info', process: 'edge-1', event: 'pull', own: 'y' });
    expect(entry['time']).to.not.equal('x');
  });

  it('is one line for each of 1 000 hostile events, that JSON.parse reads back', async () => {
    const random = SeededRandom.announced('log lines');
    const texts = Array.from({ length: 1_000 }, () => hostileText(random));
    const lines = await linesOf({ format: 'json' }, (logger) => {
      for (const value of texts) {
        logger.info(value, { agent: value, list: [value, value], [value]: value });
      }
    });
    expect(lines).to.have.length(1_000);
    for (const [index, line] of lines.entries()) {
      expect(line).to.not.match(unsafe);
      const entry = JSON.parse(line) as Record<string, unknown>;
      const clean = cleanText(texts[index] ?? '').toWellFormed();
      expect(String(entry['agent']).toWellFormed()).to.equal(clean);
      expect(entry).to.include({ level: 'info', process: 'edge-1' });
    }
  });
});

describe('the log as text', () => {
  it('quotes what is more than a word', async () => {
    const fields = { client: '::1', ua: 'a b', list: ['x', 'y'], bytes: 5, empty: '' };
    const [line = ''] = await linesOf({ format: 'text' }, (logger) => logger.warn('pull', fields));
    expect(line.slice(line.indexOf(' '))).to.equal(
      ' WARN  edge-1 pull client=::1 ua="a b" list=x,y bytes=5 empty=""',
    );
  });

  it('is one line for each of 1 000 hostile events, and moves no cursor', async () => {
    const random = SeededRandom.announced('log lines');
    const lines = await linesOf({ format: 'text' }, (logger) => {
      for (let index = 0; index < 1_000; index += 1) {
        const value = hostileText(random);
        logger.info(value, { agent: value, list: [value], [value]: value });
      }
    });
    expect(lines).to.have.length(1_000);
    for (const line of lines) expect(line).to.not.match(unsafe);
  });
});

describe('the log', () => {
  it('leaves out what lies below its level', async () => {
    const lines = await linesOf({ format: 'json', level: 'warn' }, (logger) => {
      logger.error('a');
      logger.warn('b');
      logger.info('c');
      logger.debug('d');
    });
    expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).to.deep.equal([
      'a',
      'b',
    ]);
  });

  it('cuts a long text, and says so', async () => {
    const entry = await jsonOf('x'.repeat(1_000), { ua: 'y'.repeat(100_000) });
    expect(entry['ua']).to.equal(`${'y'.repeat(256)}…`);
    expect(entry['event']).to.equal(`${'x'.repeat(256)}…`);
  });

  it('tells an error with code, causes and hint', () => {
    const cause = new Error('ENOSPC');
    const error = new MirrorgateError('MIRRORGATE_X', 'not kept', { hint: 'make room', cause });
    expect(errorFields(error)).to.deep.equal({
      code: 'MIRRORGATE_X',
      error: 'not kept: ENOSPC',
      hint: 'make room',
    });
    expect(errorFields('gone')).to.deep.equal({ error: 'gone' });
  });

  // `mirrorgate serve 2>&1 | head` ended the gate.
  it('goes on without whoever reads it', async () => {
    const script = join(import.meta.dirname, 'logging-process.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', script], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await once(child.stderr, 'data');
    child.stderr.destroy();
    const said = text(child.stdout);
    expect(await once(child, 'close')).to.deep.equal([0, null]);
    expect(await said).to.equal('survived\n');
  });
});
