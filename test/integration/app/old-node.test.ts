import { cp, mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { GateFolder, readyLine, type ServeOptions } from '../../support/app/gate-folder.ts';
import { allEnded, memberOf, supervisorBelow } from '../../support/app/process-table.ts';
import { expectRefusal, runProgram } from '../../support/app/program.ts';
import { runCommand } from '../../support/lab/command.ts';
import { gateProgram } from '../../support/lab/gate.ts';
import { machine } from '../../support/lab/place.ts';

const oldNode = '/usr/bin/node';
const checkout = join(dirname(gateProgram), '..');

/** Whether this machine has a Node that is too old for the program. */
async function hasOldNode(): Promise<boolean> {
  try {
    const { stdout } = await runCommand(machine, [oldNode, '--version']);
    return Number(/^v(\d+)/.exec(stdout)?.[1]) < 22;
  } catch {
    return false;
  }
}

describe('the program, run by a Node that is too old', () => {
  let folder: GateFolder;
  const byOldNode: ServeOptions = { runtime: [oldNode] };

  before(async function () {
    if (await hasOldNode()) return;
    console.warn(`    skipped, ${oldNode} is not there, or recent enough`);
    this.skip();
  });
  beforeEach(async () => {
    folder = await GateFolder.create();
  });
  afterEach(() => folder.close());

  it('runs itself on the one that the checkout brings', async () => {
    const outcome = await runProgram([oldNode, gateProgram, '--version']);
    expect(outcome).to.deep.include({ exitCode: 0, stderr: [] });
    expect(outcome.stdout).to.match(/^\d+\.\d+\.\d+\n$/);
    expect((await runProgram([oldNode, gateProgram, 'nonsense'])).exitCode).to.equal(2);
  });

  /** A program with everything but a Node, or with that one. */
  const copyWithout = async (bundled?: string): Promise<string> => {
    await cp(join(checkout, 'dist'), folder.join('dist'), { recursive: true });
    await cp(join(checkout, 'package.json'), folder.join('package.json'));
    if (bundled !== undefined) {
      await mkdir(folder.join('node_modules/node/bin'), { recursive: true });
      await symlink(bundled, folder.join('node_modules/node/bin/node'));
    }
    return folder.join('dist/main.js');
  };

  it('says in one line what it needs where there is no other', async () => {
    const program = await copyWithout();
    expectRefusal(await runProgram([oldNode, program, '--version']), 1, ['22.23.2', 'npm ci']);
  });

  it('says so too where the other is as old, or does not run', async () => {
    for (const bundled of [oldNode, '/dev/null']) {
      const program = await copyWithout(bundled);
      expectRefusal(await runProgram([oldNode, program, '--version']), 1, ['22.23.2', 'npm ci']);
      await folder.close();
      folder = await GateFolder.create();
    }
  });

  it('serves, and passes SIGHUP and SIGTERM on', async () => {
    const gate = folder.serve(byOldNode);
    await readyLine(gate);
    const supervisor = await supervisorBelow(process.pid);
    expect(supervisor).not.to.equal(gate.pid);
    await gate.signal('SIGHUP');
    await gate.waitFor('line about the reload', () =>
      gate.stderr.find((line) => line.includes('configuration reloaded')),
    );
    const edge = await memberOf(supervisor, 'edge-1');
    expect(await gate.stop()).to.deep.equal({ exitCode: 0, signal: null });
    await allEnded([supervisor, edge]);
  });

  it('takes one request to end, told to parent and child as systemd does it, for one', async () => {
    const gate = folder.serve(byOldNode);
    await readyLine(gate);
    const supervisor = await supervisorBelow(process.pid);
    process.kill(supervisor, 'SIGTERM');
    expect(await gate.stop()).to.deep.equal({ exitCode: 0, signal: null });
    await allEnded([supervisor]);
  });

  it('brings the exit code of a start that failed', async () => {
    await folder.write('mirrorgate.yaml', 'mirrors: 7');
    expect((await folder.serveInVain(byOldNode)).exitCode).to.equal(2);
  });
});
