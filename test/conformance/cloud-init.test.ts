/**
 * What `mirrorgate client cloud-init` prints, and what `ca inject cloud-init:` makes of a user-data
 * file, as cloud-init itself checks it and boots a machine by it: a Debian root whose network holds
 * the gate alone. Of cloud-init's modules those run that user-data of ours speaks to.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { DebianRoot } from '../support/clients/debian-root.ts';
import { failureOf, runCommand } from '../support/lab/command.ts';
import { DebianRegistry } from '../support/lab/debian-registry.ts';
import { Gate, gateProgram } from '../support/lab/gate.ts';
import { ImageLayout, type StoredImage } from '../support/lab/image-layout.ts';
import { requireParts } from '../support/lab/lab-availability.ts';
import { OpenParts } from '../support/lab/open-parts.ts';
import { machine } from '../support/lab/place.ts';
import { pushImage } from '../support/lab/skopeo.ts';

const host = 'hub.mirror.test';
const inside = '/run/vm/root';

const cloudConfiguration = `
datasource_list: [NoCloud]
network: {config: disabled}
cloud_init_modules: [write_files, ca_certs]
cloud_config_modules: [runcmd]
cloud_final_modules: [scripts_user]
system_info: {distro: debian}
`;

/** A machine that has never booted: what it needs of the kernel, a name for the gate, a seed. */
const setUp = `
set -e
mount --rbind /dev ${inside}/dev
mount -t proc proc ${inside}/proc
cd ${inside}
rm -rf etc/cloud/cloud.cfg.d/* etc/docker etc/containerd etc/containers etc/buildkit var/lib/cloud
mkdir -p etc/containers var/lib/cloud/seed/nocloud run
echo '127.0.0.1 localhost ${host}' > etc/hosts
echo '{"default":[{"type":"insecureAcceptAnything"}]}' > etc/containers/policy.json
echo 'instance-id: lab-1' > var/lib/cloud/seed/nocloud/meta-data
`;

describe('the cloud-init user-data of', function () {
  this.timeout(120_000);
  const parts = new OpenParts();
  let root: DebianRoot;
  let gate: Gate;
  let image: StoredImage;

  beforeEach(async function () {
    await requireParts(this, 'namespaces', 'cloud-init', 'docker-registry', 'skopeo', 'gate');
    root = await parts.add(DebianRoot.start('own'));
    await runCommand(root.namespace, ['sh', '-c', setUp]);
    const registry = await parts.add(DebianRegistry.start({ place: root.namespace }));
    const layout = await parts.add(ImageLayout.create());
    image = await layout.addBusybox('vm', 'cloud-init');
    const to = `${registry.host}/library/vm:1`;
    await pushImage({ place: root.namespace, layout, image, to });
    gate = await parts.add(
      Gate.start({
        place: root.namespace,
        httpsPort: 443,
        mirrors: [{ name: 'hub', registry: 'docker.io', upstream: registry.url, hosts: [host] }],
      }),
    );
  });
  afterEach(() => parts.close());

  const mirrorgate = async (...command: string[]): Promise<string> => {
    const program = [process.execPath, gateProgram, ...command];
    return (await runCommand(machine, [...program, '--config', gate.configurationFile])).stdout;
  };
  const seed = (): string => join(root.path, 'var/lib/cloud/seed/nocloud/user-data');
  const curl = () => root.run('curl', '-fsS', '--max-time', '20', `https://${host}/v2/`);

  async function boot(): Promise<void> {
    await root.run(
      'cloud-init',
      'schema',
      '--config-file',
      '/var/lib/cloud/seed/nocloud/user-data',
    );
    await writeFile(join(root.path, 'etc/cloud/cloud.cfg'), cloudConfiguration);
    // A boot that sets a name, or looks at disks, is not wanted here.
    for (const stage of [
      ['init', '--local'],
      ['init'],
      ['modules', '--mode=config'],
      ['modules', '--mode=final'],
    ]) {
      await runCommand(root.namespace, [
        ...['unshare', '--uts', 'chroot', inside, 'cloud-init', ...stage],
      ]);
    }
  }

  it('client cloud-init makes a machine that trusts the mirror and pulls through it', async () => {
    await failureOf(curl());
    await writeFile(seed(), await mirrorgate('client', 'cloud-init'));
    await boot();
    await curl();
    await root.run('skopeo', 'copy', '--quiet', 'docker://docker.io/library/vm:1', 'dir:/pulled');
    const { stdout } = await root.run('sha256sum', '/pulled/manifest.json');
    expect(`sha256:${stdout.slice(0, 64)}`).to.equal(image.digest);
    expect(gate.accessLog().some(({ mirror }) => mirror === 'hub')).to.equal(true);
    const daemon = await readFile(join(root.path, 'etc/docker/daemon.json'), 'utf8');
    expect(JSON.parse(daemon)).to.deep.equal({ 'registry-mirrors': [`https://${host}`] });
  });

  it('ca inject keeps what stands there, and makes a machine that trusts the mirror', async () => {
    await writeFile(seed(), '#cloud-config\nruncmd:\n  - [touch, /etc/theirs] # theirs\n');
    await mirrorgate('ca', 'inject', `cloud-init:${seed()}`);
    await boot();
    await curl();
    await root.run('test', '-e', '/etc/theirs');
  });
});
