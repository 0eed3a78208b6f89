/** What is shipped for systemd and compose, held against what reads it. */
import { access, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { BootedRoot } from '../support/clients/booted-root.ts';
import { runCommand } from '../support/lab/command.ts';
import { requireParts } from '../support/lab/lab-availability.ts';
import { OpenParts } from '../support/lab/open-parts.ts';
import { machine } from '../support/lab/place.ts';
import { TemporaryDirectory } from '../support/lab/temporary-directory.ts';
import { until } from '../support/until.ts';

const deploy = join(import.meta.dirname, '../../deploy');

const unitName = 'mirrorgate.service';
const checkout = join(import.meta.dirname, '../..');
const gate = 'https://127.0.0.1/v2/';
const configuration = {
  listen: { https: ['127.0.0.1:443'], http: ['127.0.0.1:80'] },
  universal: { hosts: ['127.0.0.1'] },
  mirrors: [{ registry: 'docker.io', upstream: 'http://127.0.0.1:9', allowPrivateUpstream: true }],
  cache: { minFree: '16MB' },
};

/** A machine on which the unit is installed as docs/deployment.md says, and not started yet. */
async function bootedWith(parts: OpenParts) {
  const booted = await parts.add(BootedRoot.start());
  const run: BootedRoot['run'] = (...command) => booted.run(...command);
  const path = (name: string): string => join(booted.root.path, name);
  await run('ln', '-s', checkout, '/opt/mirrorgate');
  await run('ln', '-sf', process.execPath, '/usr/bin/node');
  await run('mkdir', '/etc/mirrorgate');
  await writeFile(path('etc/mirrorgate/mirrorgate.yaml'), JSON.stringify(configuration));
  await writeFile(path('etc/mirrorgate/allow-list.yaml'), 'allow: [127.0.0.1]\n');
  const text = await readFile(join(deploy, unitName));
  await writeFile(path(`etc/systemd/system/${unitName}`), text);
  // Here nobody may make the device nodes that a service is given in place of the machine's; and the
  // checkout may lie where the unit sees a folder of its own.
  await run('mkdir', `/etc/systemd/system/${unitName}.d`);
  const dropIn = path(`etc/systemd/system/${unitName}.d/lab.conf`);
  const seen = `BindReadOnlyPaths=${checkout} ${dirname(process.execPath)}`;
  await writeFile(dropIn, `[Service]\nPrivateDevices=no\n${seen}\n`);
  await run('systemctl', 'daemon-reload');
  return { root: booted.root, run };
}

async function property(run: BootedRoot['run'], name: string): Promise<string> {
  return (await run('systemctl', 'show', unitName, '--value', '-p', name)).stdout.trim();
}

describe('the systemd unit', () => {
  let directory: TemporaryDirectory;
  let unit: string;

  before(async function () {
    await requireParts(this, 'systemd');
    directory = await TemporaryDirectory.create('unit');
    unit = directory.join('mirrorgate.service');
    const text = await readFile(join(deploy, 'mirrorgate.service'), 'utf8');
    // systemd looks whether the program is there.
    await writeFile(unit, text.replaceAll('/usr/bin/node', process.execPath));
  });
  after(async () => {
    await (directory as TemporaryDirectory | undefined)?.close();
  });

  it('is one without a mistake', async () => {
    const { stdout, stderr } = await runCommand(machine, [
      ...['systemd-analyze', 'verify', '--man=no', unit],
    ]);
    expect(stdout + stderr).to.not.contain('mirrorgate.service:');
  });

  it('is exposed to little', async () => {
    // Of 100, in tenths: systemd calls up to 2.0 "OK", and most services that it ships are above 9.
    await runCommand(machine, [
      ...['systemd-analyze', 'security', '--offline=true', '--threshold=20', unit],
    ]);
  });
});

describe('the systemd unit, run by systemd', function () {
  this.timeout(60_000);
  const parts = new OpenParts();
  afterEach(() => parts.close());

  it('serves on ports below 1024 as a user that is nobody, reloads and drains', async function () {
    await requireParts(this, 'namespaces', 'systemd', 'gate');
    const { root, run } = await bootedWith(parts);
    await run('systemctl', 'start', unitName);
    const ask = async (): Promise<string> => {
      const { stdout } = await run('curl', '-ksS', '-o', '/dev/null', '-w', '%{http_code}', gate);
      return stdout;
    };
    await until('an answer', async () => (await ask().catch(() => '')) === '200');

    const pid = await property(run, 'MainPID');
    const { stdout: status } = await run('cat', `/proc/${pid}/status`);
    expect(Number(/^Uid:\t(\d+)/m.exec(status)?.[1])).to.be.within(61_184, 65_519);
    expect(status)
      .to.match(/^CapBnd:\t0{13}400$/m)
      .and.match(/^NoNewPrivs:\t1$/m);
    expect(status).to.match(/^Seccomp:\t2$/m);

    const list = join(root.path, 'etc/mirrorgate/allow-list.yaml');
    await writeFile(list, 'allow: []\n');
    await run('systemctl', 'reload', unitName);
    await until('its end', async () => (await ask().catch(() => 'none')) === 'none');
    expect(await property(run, 'MainPID')).to.equal(pid);

    await run('systemctl', 'stop', unitName);
    expect(await property(run, 'Result')).to.equal('success');
    expect(await property(run, 'ActiveState')).to.equal('inactive');
  });
});

describe('the compose file', () => {
  it('names files that are there, and takes from the container what it does not need', async () => {
    const compose: unknown = parse(await readFile(join(deploy, 'compose.yaml'), 'utf8'));
    expect(compose).to.have.keys('services', 'volumes');
    expect(compose)
      .to.have.nested.property('services.mirrorgate')
      .that.deep.includes({
        build: { context: '..', dockerfile: 'deploy/Dockerfile' },
        network_mode: 'host',
        read_only: true,
        cap_drop: ['ALL'],
        cap_add: ['NET_BIND_SERVICE'],
        security_opt: ['no-new-privileges:true'],
      });
    await access(join(deploy, 'Dockerfile'));
  });
});
