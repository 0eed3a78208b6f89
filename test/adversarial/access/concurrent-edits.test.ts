import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { readAllowList } from '../../../lib/access/allow-list-file.ts';

const root = join(import.meta.dirname, '../../..');
const script = join(import.meta.dirname, 'adding-process.ts');
const head = '# kept above\nallow:\n  - "::1" # kept beside\n';
const tail = '  # kept below\n';

describe('edits of the allow-list by several processes', function () {
  this.timeout(60_000);
  let directory: string;
  let path: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'concurrent-edits-'));
    path = join(directory, 'allow-list.yaml');
    await writeFile(path, head + tail);
  });
  afterEach(() => rm(directory, { recursive: true }));

  function startAdding(number: number, count: number): ChildProcess {
    const argv = ['--import', 'tsx', script, path, String(number), String(count)];
    return spawn(process.execPath, argv, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  }

  it('lose none, and a reader never sees a broken file', async () => {
    const processes = [1, 2, 3, 4].map((number) => startAdding(number, 8));
    const ended = Promise.all(
      processes.map(async (one) => (await once(one, 'exit'))[0] as unknown),
    );
    let codes: readonly unknown[] | undefined;
    while (codes === undefined) {
      await readAllowList(path, { knownNames: [] });
      codes = await Promise.race([ended, sleep(2, undefined)]);
    }
    expect(codes).to.deep.equal([0, 0, 0, 0]);
    const text = await readFile(path, 'utf8');
    expect(text.startsWith(head)).to.equal(true);
    expect(text.endsWith(tail)).to.equal(true);
    expect((await readAllowList(path, { knownNames: [] })).entries).to.have.length(1 + 4 * 8);
  });

  it('leave a whole file where one is killed at any moment', async () => {
    for (let round = 0; round < 6; round += 1) {
      const child = startAdding(round, 10_000);
      if (child.stdout === null) throw new TypeError('its output was to be a pipe');
      await once(child.stdout, 'data');
      await sleep(Math.random() * 20);
      child.kill('SIGKILL');
      await once(child, 'exit');
      const text = await readFile(path, 'utf8');
      expect(text.startsWith(head) && text.endsWith(tail)).to.equal(true);
      await readAllowList(path, { knownNames: [] });
      await rm(`${path}.lock`, { force: true });
    }
  });
});
