import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { LineOutput } from '../../../lib/telemetry/line-output.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { until } from '../../support/until.ts';

describe('LineOutput', () => {
  let directory: TemporaryDirectory;
  let file: FileHandle;
  beforeEach(async () => {
    directory = await TemporaryDirectory.create('lines');
    file = await open(directory.join('log'), 'w');
  });
  afterEach(async () => {
    await file.close();
    await directory.close();
  });

  const written = (): Promise<string> => readFile(directory.join('log'), 'utf8');
  const output = (maxPendingBytes?: number): LineOutput =>
    new LineOutput({
      fd: file.fd,
      droppedLine: (count) => `${count} dropped\n`,
      ...(maxPendingBytes !== undefined && { maxPendingBytes }),
    });

  it('brings every line in its order', async () => {
    const lines = Array.from({ length: 1_000 }, (_, index) => `line ${index} é\n`);
    const target = output();
    for (const line of lines) target.write(line);
    await until('all lines', async () => (await written()) === lines.join(''));
  });

  it('drops what finds no room, and says how much is missing', async () => {
    const target = output(30);
    for (let index = 0; index < 10; index += 1) target.write('0123456789\n');
    await until('the count', async () => (await written()).endsWith('8 dropped\n'));
    expect(await written()).to.equal('0123456789\n0123456789\n8 dropped\n');
  });

  it('brings what comes while it writes after what it writes, more and more of it', async () => {
    const target = output();
    const lines: string[] = [];
    for (let round = 0; round < 12; round += 1) {
      for (let index = 0; index < 2 ** round; index += 1) {
        const line = `round ${round} line ${index} ${'ü'.repeat(50)}\n`;
        lines.push(line);
        target.write(line);
      }
      await new Promise((resolve) => setTimeout(resolve, 8));
    }
    await until('all lines', async () => (await written()) === lines.join(''));
  });

  it('leaves nothing behind at the end of the process', async () => {
    const target = output();
    target.write('last words\n');
    target.flushSync();
    expect(await written()).to.equal('last words\n');
  });

  it('holds up nobody while nobody reads', async () => {
    const script = join(import.meta.dirname, 'flooding-process.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', script], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    // Nobody listens yet: the pipe fills and stays full.
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    expect(said.toString()).to.equal('survived\n');
    let log = '';
    child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const dropped = '"event":"log lines dropped"';
    await until('the count', () => log.slice(0, log.lastIndexOf('\n')).includes(dropped));
    child.stdin.end();
    await once(child, 'close');
    const lines = log.trimEnd().split('\n');
    for (const line of lines) JSON.parse(line);
  });
});
