/**
 * `install.sh --follow` on machines that really run its timer or its cron line: a new root comes to
 * them by itself. systemd boots, cron runs; only the hour is ours.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { BootedRoot } from '../support/clients/booted-root.ts';
import { DebianRoot } from '../support/clients/debian-root.ts';
import { failureOf, runCommand } from '../support/lab/command.ts';
import { Daemon } from '../support/lab/daemon.ts';
import { Gate, gateProgram } from '../support/lab/gate.ts';
import { requireParts } from '../support/lab/lab-availability.ts';
import { OpenParts } from '../support/lab/open-parts.ts';
import { machine } from '../support/lab/place.ts';
import { poll } from '../support/lab/polling.ts';

const timer = 'mirrorgate-trust.timer';
const soon = '[Timer]\nOnCalendar=\nOnCalendar=*:*:0/2\nRandomizedDelaySec=0\nAccuracySec=100ms\n';
/** cron looks at its tables, and runs what is in them, once a minute. */
const cronDeadlineMs = 130_000;

describe('install.sh --follow', function () {
  this.timeout(180_000);
  const parts = new OpenParts();
  afterEach(() => parts.close());

  async function installed(root: DebianRoot, run: DebianRoot['run']): Promise<Gate> {
    const gate = await parts.add(
      Gate.start({
        place: root.namespace,
        httpsPort: 443,
        mirrors: [
          {
            ...{ name: 'hub', registry: 'docker.io', upstream: 'http://127.0.0.1:9' },
            hosts: ['hub.mirror.test'],
          },
        ],
      }),
    );
    const origin = `http://127.0.0.1:${gate.httpPort}`;
    await run('curl', '-fsS', '-o', '/install.sh', `${origin}/ca/install.sh`);
    const pin = (await mirrorgate(gate, 'fingerprint')).trim();
    await run('sh', '/install.sh', '--url', origin, '--follow', pin);
    return gate;
  }

  async function mirrorgate(gate: Gate, ...command: string[]): Promise<string> {
    const program = [process.execPath, gateProgram, 'ca', ...command];
    return (await runCommand(machine, [...program, '--config', gate.configurationFile])).stdout;
  }

  /** A rotation is prepared, and the machine comes to trust the new root too. */
  async function expectFollowing(root: DebianRoot, gate: Gate, deadlineMs: number): Promise<void> {
    const held = (path: string): Promise<string> => readFile(join(root.path, path), 'utf8');
    const before = await held('etc/mirrorgate/ca-bundle.pem');
    await mirrorgate(gate, 'rotate');
    const both = await mirrorgate(gate, 'bundle');
    expect(both.startsWith(before)).to.equal(true);
    const [, line = 'none'] = both.slice(before.length).split('\n');
    const hasCome = async (): Promise<boolean> =>
      (await held('etc/mirrorgate/ca-bundle.pem')) === both &&
      (await held('etc/ssl/certs/ca-certificates.crt')).includes(line);
    await poll(async () => ((await hasCome()) ? true : undefined), {
      deadlineMs,
      what: 'both roots on the machine',
    });
  }

  it('brings a new root by a timer of systemd', async function () {
    await requireParts(this, 'namespaces', 'systemd', 'gate');
    const booted = await parts.add(BootedRoot.start());
    const run: DebianRoot['run'] = (...command) => booted.run(...command);
    const { root } = booted;
    const gate = await installed(root, run);
    const { stdout } = await run('systemctl', 'show', timer, '-p', 'ActiveState,UnitFileState');
    expect(stdout).to.contain('ActiveState=active').and.contain('UnitFileState=enabled');
    const { stdout: next } = await run('systemctl', 'list-timers', '--no-legend', timer);
    expect(next).to.contain('mirrorgate-trust.service');

    const folder = `/etc/systemd/system/${timer}.d`;
    await run('mkdir', folder);
    await writeFile(join(root.path, folder, 'soon.conf'), soon);
    await run('systemctl', 'daemon-reload');
    await run('systemctl', 'restart', timer);
    await expectFollowing(root, gate, 60_000);

    await run('sh', '/install.sh', '--uninstall');
    await failureOf(run('systemctl', 'is-active', timer));
    await failureOf(run('test', '-e', `/etc/systemd/system/${timer}`));
  });

  it('brings a new root by a line for cron', async function () {
    this.timeout(cronDeadlineMs + 60_000);
    if (process.env['MIRRORGATE_LAB_VM'] !== '1') {
      console.warn('    skipped, cron takes a minute: npm run soak:vm');
      this.skip();
    }
    await requireParts(this, 'namespaces', 'cron', 'gate');
    const root = await parts.add(DebianRoot.start('own'));
    const gate = await installed(root, (...command) => root.run(...command));
    const table = join(root.path, 'etc/cron.d/mirrorgate-trust');
    const line = await readFile(table, 'utf8');
    expect(line).to.match(/^\d+ \d \* \* \* root \//);
    await root.run('sh', '-c', 'rm -f /etc/cron.d/[!m]* && : > /etc/crontab');
    await writeFile(table, line.replace(/^\d+ \d /, '* * '));
    const cron = new Daemon({
      name: 'cron',
      place: root.namespace,
      command: ['chroot', '/run/vm/root', 'cron', '-f'],
    });
    await parts.add(Promise.resolve({ close: () => cron.kill() }));
    await expectFollowing(root, gate, cronDeadlineMs);
  });
});
