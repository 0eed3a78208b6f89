/**
 * `ca inject ssh:` into a machine behind a real sshd: a Debian root with a network of its own, whose
 * curl trusts the gate afterwards, and no retired root.
 */
import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { DebianRoot } from '../support/clients/debian-root.ts';
import { failureOf, runCommand, type CommandOutput } from '../support/lab/command.ts';
import { Daemon } from '../support/lab/daemon.ts';
import { Gate, gateProgram } from '../support/lab/gate.ts';
import { requireParts } from '../support/lab/lab-availability.ts';
import { OpenParts } from '../support/lab/open-parts.ts';

const host = 'hub.mirror.test';
const sshPort = 2222;
const target = `ssh:root@127.0.0.1:${sshPort}`;
/** Where the root of the machine is in its namespace. */
const inside = '/run/vm/root';

/** Devices, a host key, and the key of who may log in, which the namespace's ssh(1) then uses. */
const setUp = `
set -e
mount --rbind /dev ${inside}/dev
mkdir -p ${inside}/run/sshd /etc/ssh/ssh_config.d
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/lab_user_key
ssh-keygen -q -t ed25519 -N '' -f ${inside}/etc/ssh/lab_host_key
cp /etc/ssh/lab_user_key.pub ${inside}/etc/ssh/lab_authorized_keys
printf '[127.0.0.1]:${sshPort} %s\\n' "$(cat ${inside}/etc/ssh/lab_host_key.pub)" > /etc/ssh/lab_known_hosts
cat > /etc/ssh/ssh_config.d/lab.conf <<END
IdentityFile /etc/ssh/lab_user_key
UserKnownHostsFile /etc/ssh/lab_known_hosts
StrictHostKeyChecking yes
END
`;

const sshd = [
  ...['/usr/sbin/sshd', '-D', '-e', '-f', '/dev/null', '-h', '/etc/ssh/lab_host_key'],
  ...['-p', String(sshPort), '-o', 'ListenAddress=127.0.0.1', '-o', 'UsePAM=no'],
  ...['-o', 'AuthorizedKeysFile=/etc/ssh/lab_authorized_keys', '-o', 'StrictModes=no'],
];

describe('ca inject ssh: into a machine behind sshd', function () {
  this.timeout(90_000);
  const parts = new OpenParts();
  let root: DebianRoot;
  let gate: Gate;

  before(async function () {
    await requireParts(this, 'namespaces', 'openssh', 'gate');
    root = await parts.add(DebianRoot.start('own'));
    await runCommand(root.namespace, ['sh', '-c', setUp]);
    const daemon = new Daemon({
      name: 'sshd',
      place: root.namespace,
      command: ['chroot', inside, ...sshd],
    });
    await parts.add(Promise.resolve({ close: () => daemon.kill() }));
    await daemon.waitFor('listener', () =>
      daemon.stderr.find((line) => line.includes('Server listening')),
    );
    gate = await parts.add(
      Gate.start({
        place: root.namespace,
        httpsPort: 443,
        mirrors: [
          { name: 'hub', registry: 'docker.io', upstream: 'http://127.0.0.1:9', hosts: [host] },
        ],
      }),
    );
  });
  after(() => parts.close());

  const mirrorgate = (...command: string[]): Promise<CommandOutput> =>
    runCommand(root.namespace, [
      ...[process.execPath, gateProgram, ...command, '--config', gate.configurationFile],
    ]);
  const curl = (...options: string[]): Promise<CommandOutput> =>
    root.run(
      ...['curl', '-fsS', '--max-time', '20', '--resolve', `${host}:443:127.0.0.1`],
      ...[...options, `https://${host}/v2/`],
    );

  it('makes its curl trust the gate, follows a rotation, and drops what was retired', async () => {
    await failureOf(curl());
    const { stdout: done } = await mirrorgate('ca', 'inject', target);
    expect(done).to.contain('write /etc/mirrorgate/ca-bundle.pem');
    await curl();
    expect((await mirrorgate('ca', 'inject', target)).stdout).to.contain('already');

    const [, line = ''] = (await gate.bundle()).split('\n');
    await mirrorgate('ca', 'rotate', '--emergency');
    await mirrorgate('ca', 'inject', target);
    const bundle = await readFile(`${root.path}/etc/ssl/certs/ca-certificates.crt`, 'utf8');
    expect(bundle).to.not.contain(line);
    await curl();
  });

  it('says what ssh said where the host is another than it was', async () => {
    await runCommand(root.namespace, ['sh', '-c', ': > /etc/ssh/lab_known_hosts']);
    const { stderr } = await failureOf(mirrorgate('ca', 'inject', target));
    expect(stderr).to.contain('Host key verification failed').and.contain('ssh root@127.0.0.1');
  });
});
