import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { allEnded, supervisorBelow } from '../../support/app/process-table.ts';
import { runCommand, type CommandOutput } from '../../support/lab/command.ts';
import { Daemon } from '../../support/lab/daemon.ts';
import { freePort } from '../../support/lab/free-port.ts';
import { gateProgram } from '../../support/lab/gate.ts';
import { bareEnvironment, machine, type Place } from '../../support/lab/place.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';

const checkout = join(dirname(gateProgram), '..');
const minuteMs = 60_000;

/** A newcomer's shell: no tools of this checkout, but the way to npm's registry that this machine has. */
const shell: Place = {
  ...machine,
  environment: {
    ...Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('npm_'))),
    ...bareEnvironment,
  } as Record<string, string>,
};

describe('npm start in a fresh checkout', function () {
  this.timeout(5 * minuteMs);
  let directory: TemporaryDirectory;
  let daemon: Daemon | undefined;

  const inCheckout = (script: string): string[] => [
    ...['sh', '-c', `cd "$1" && ${script}`, 'sh', directory.path],
  ];
  const run = (place: Place, script: string): Promise<CommandOutput> =>
    runCommand(place, inCheckout(script), { deadlineMs: minuteMs });
  /** Resolves with what it says to a newcomer. */
  const start = async (deadlineMs: number): Promise<string> => {
    const started = new Daemon({
      name: 'npm start',
      place: shell,
      command: inCheckout('exec npm start'),
    });
    daemon = started;
    const lines = (): string[] => started.stdout.filter((line) => /^ {2}curl/.test(line));
    await started.waitFor('welcome', () => lines()[1], deadlineMs);
    return started.stdout.join('\n');
  };
  let first: string;
  before(async function () {
    if ((process.env['MIRRORGATE_TEST_QUICK_START'] ?? '') === '') {
      console.warn(
        '    skipped, it installs from npm: set MIRRORGATE_TEST_QUICK_START=1 to run it',
      );
      this.skip();
    }
    directory = await TemporaryDirectory.create('checkout');
    const copy =
      'git ls-files -co --exclude-standard | tar -c --ignore-failed-read -T - | tar -x -C';
    const script = ['sh', '-c', `cd "$1" && ${copy} "$2"`, 'sh', checkout, directory.path];
    await runCommand(machine, script);
    // Its own ports may be in use here.
    const file = directory.join('config/quickstart.yaml');
    let text = await readFile(file, 'utf8');
    for (const port of ['8443', '8080', '9180']) {
      text = text.replace(`:${port}`, `:${await freePort()}`);
    }
    await writeFile(file, text);
    first = await start(4 * minuteMs);
  });
  after(async () => {
    await daemon?.stop();
    // Skipped, it never was made.
    await (directory as TemporaryDirectory | undefined)?.close();
  });

  it('installs, builds, serves, and prints a curl line that works', async () => {
    for (const host of ['hub', 'ghcr', 'quay', 'gcr', 'k8s', 'mirror']) {
      expect(first).to.include(` https://${host}.localhost:`);
    }
    const command = 'npx mirrorgate ca fingerprint --config config/quickstart.yaml';
    const { stdout: fingerprint } = await run(shell, command);
    expect(first).to.include(`CA fingerprint:  ${fingerprint.trim()}`);
    const [line = ''] = /curl -sS .*\/v2\/$/m.exec(first) ?? [];
    expect((await run(machine, line)).stdout).to.equal('{}');
  });

  it('ends with all its processes by a signal to npm, and starts at once the next time', async () => {
    const supervisor = await supervisorBelow(daemon?.pid ?? NaN);
    await daemon?.stop();
    await allEnded([supervisor]);
    const begunAt = performance.now();
    await start(minuteMs);
    expect(daemon?.stderr.join('\n')).not.to.match(/installing|building/);
    expect(performance.now() - begunAt).to.be.below(10_000);
  });

  it('makes npx mirrorgate work, without npm asking its registry', async () => {
    const { version } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8')) as {
      readonly version: string;
    };
    expect((await run(shell, 'npx --offline mirrorgate --version')).stdout).to.equal(
      `${version}\n`,
    );
  });
});
