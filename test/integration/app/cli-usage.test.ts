import { copyFile, mkdir } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { GateFolder } from '../../support/app/gate-folder.ts';
import { expectRefusal, mirrorgate } from '../../support/app/program.ts';
import { bareEnvironment } from '../../support/lab/place.ts';
import { gateProgram } from '../../support/lab/gate.ts';

describe('the command line', () => {
  let folder: GateFolder;

  before(async () => {
    folder = await GateFolder.create();
  });
  after(() => folder.close());

  for (const [what, command, texts] of [
    ['an unknown command', ['serv'], ["unknown command 'serv'", 'serve']],
    ['an unknown command below a command', ['allow', 'lits'], ["unknown command 'lits'", 'list']],
    ['an unknown option', ['check', '--confg', 'x'], ["unknown option '--confg'", '--config']],
    ['an option without its value', ['check', '--config'], ["'--config <file>'"]],
    ['a missing argument', ['allow', 'add'], ["'cidr'"]],
    ['an argument too many', ['check', 'more'], ['too many arguments', 'more']],
  ] as const) {
    it(`answers ${what} in one line, with exit code 2`, async () => {
      expectRefusal(await mirrorgate(...command), 2, [...texts, 'mirrorgate --help']);
    });
  }

  it('shows help on standard output where it is asked for', async () => {
    const commands = [['--help'], ['help'], ['allow', '--help'], ['allow', 'add', '--help']];
    const outcomes = await Promise.all(commands.map((command) => mirrorgate(...command)));
    for (const { exitCode, stdout, stderr } of outcomes) {
      expect({ exitCode, stderr }, stdout).to.deep.equal({ exitCode: 0, stderr: [] });
      expect(stdout)
        .to.match(/^Usage: mirrorgate /)
        .and.include('--config <file>');
    }
  });

  it('shows help on standard error where there is no command, with exit code 2', async () => {
    for (const command of [[], ['ca']]) {
      const { exitCode, stdout, stderr } = await mirrorgate(...command);
      expect({ exitCode, stdout }).to.deep.equal({ exitCode: 2, stdout: '' });
      expect(stderr[0]).to.match(/^Usage: mirrorgate /);
    }
  });

  it('takes --config and --json before and behind the command', async () => {
    const config = ['--config', folder.configurationFile];
    for (const command of [
      [...config, '--json', 'allow', 'list'],
      ['allow', ...config, 'list', '--json'],
      ['allow', 'list', '--json', ...config],
    ]) {
      const { exitCode, stdout } = await mirrorgate(...command);
      expect(exitCode, command.join(' ')).to.equal(0);
      expect(JSON.parse(stdout)).to.include.keys('entries');
    }
  });

  /** A command in a working directory of its own. */
  const inFolder = async (...command: readonly string[]) => {
    const child = spawn(process.execPath, [gateProgram, ...command], {
      cwd: folder.path,
      env: bareEnvironment,
    });
    const [stdout, stderr, [exitCode]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ]);
    return { exitCode, stdout, stderr };
  };

  it('looks for config/mirrorgate.yaml in the working directory by itself', async () => {
    await mkdir(folder.join('config'));
    const missing = await inFolder('check');
    expect(missing.exitCode).to.equal(2);
    expect(missing.stderr).to.include(folder.join('config/mirrorgate.yaml'));
    for (const name of ['mirrorgate.yaml', 'allow-list.yaml']) {
      await copyFile(folder.join(name), folder.join('config', name));
    }
    const { exitCode, stdout } = await inFolder('check');
    expect([exitCode, stdout]).to.deep.equal([
      0,
      `${folder.join('config/mirrorgate.yaml')}: no problems\n`,
    ]);
  });

  it('takes a relative --config from the working directory', async () => {
    const { exitCode } = await inFolder('check', '--config', 'mirrorgate.yaml');
    expect(exitCode).to.equal(0);
  });

  it('ends without a stack where whoever reads its output has left', async () => {
    const child = spawn(process.execPath, [gateProgram, 'allow', '--help'], {
      env: bareEnvironment,
    });
    child.stdout.destroy();
    const [stderr] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect(stderr).to.equal('');
  });
});
