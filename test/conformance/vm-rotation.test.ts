/**
 * Two VMs, each a Debian root with a network of its own, that pull through a gate before, during
 * and after a rotation of its CA with the lifetimes of the documentation: weeks, on a clock that the
 * test moves for the gate and for both. One was set up by install.sh, the other by `ca inject`; both
 * follow by install.sh.
 */
import { expect } from 'chai';
import { clockedProgram, GateClock } from '../support/app/gate-clock.ts';
import { DebianRoot } from '../support/clients/debian-root.ts';
import { connect } from '../support/lab/cable.ts';
import { failureOf, runCommand } from '../support/lab/command.ts';
import { DebianRegistry } from '../support/lab/debian-registry.ts';
import { Gate, gateProgram } from '../support/lab/gate.ts';
import { ImageLayout } from '../support/lab/image-layout.ts';
import { requireParts } from '../support/lab/lab-availability.ts';
import { Namespace } from '../support/lab/namespace.ts';
import { OpenParts } from '../support/lab/open-parts.ts';
import { machine } from '../support/lab/place.ts';
import { pushImage } from '../support/lab/skopeo.ts';

const host = 'hub.mirror.test';
/** A switch is due after 30 days, the retirement a leaf's life of 7 days later. */
const lastDay = 45;

describe('two VMs through a rotation', function () {
  this.timeout(240_000);
  const parts = new OpenParts();

  before(async function () {
    if (process.env['MIRRORGATE_LAB_VM'] !== '1') {
      console.warn('    skipped, a rotation takes a minute: npm run soak:vm');
      this.skip();
    }
    await requireParts(this, 'namespaces', 'docker-registry', 'skopeo', 'faketime', 'gate');
  });
  after(() => parts.close());

  it('pull with verification on at every step, and trust the old root no more', async () => {
    const build = await parts.add(Namespace.start({ network: 'own' }));
    const vms = [];
    for (const [index, name] of ['installed', 'injected'].entries()) {
      const root = await parts.add(DebianRoot.start('own'));
      const [near, far] = [`192.168.${128 + index}.1`, `192.168.${128 + index}.11`];
      await connect(
        { namespace: build, addresses: [`${near}/24`] },
        { namespace: root.namespace, addresses: [`${far}/24`] },
        `cable${index}`,
      );
      vms.push({ name, root, gateAddress: near });
    }
    const registry = await parts.add(DebianRegistry.start({ place: build }));
    const layout = await parts.add(ImageLayout.create());
    const image = await layout.addBusybox('vm', 'rotation');
    const to = `${registry.host}/library/vm:1`;
    await pushImage({ place: build, layout, image, to });
    const gate = await parts.add(
      Gate.start({
        place: build,
        address: '0.0.0.0',
        httpsPort: 443,
        allow: ['192.168.128.0/23'],
        mirrors: [{ name: 'hub', registry: 'docker.io', upstream: registry.url, hosts: [host] }],
        settings: {
          certificates: { directory: 'certs', privateCa: { permitted: ['mirror.test'] } },
        },
        program: clockedProgram,
      }),
    );
    const old = await gate.bundle();
    const command = async (...words: string[]): Promise<string> => {
      const program = [process.execPath, gateProgram, ...words, '--config', gate.configurationFile];
      return (await runCommand(machine, program)).stdout;
    };
    const clock = new GateClock(gate.configurationFile);
    type Vm = (typeof vms)[number];
    const runThen = (vm: Vm, ...words: string[]) =>
      vm.root.run('faketime', '-f', `+${clock.day}d`, ...words);
    const curl = (
      vm: Vm,
      url: string,
      ...options: string[]
    ): Promise<{ readonly stdout: string }> => {
      const names = [443, gate.httpPort].flatMap((port) => [
        '--resolve',
        `${host}:${port}:${vm.gateAddress}`,
      ]);
      return runThen(vm, 'curl', '-fsS', '--max-time', '20', ...names, ...options, url);
    };
    const pull = async (vm: Vm): Promise<void> => {
      const { stdout } = await curl(vm, `https://${host}/v2/library/vm/manifests/${image.digest}`);
      expect(JSON.parse(stdout), vm.name).to.be.an('object');
    };
    const follow = async (vm: Vm, ...options: string[]): Promise<void> => {
      await runThen(
        vm,
        'sh',
        '/install.sh',
        '--url',
        `http://${vm.gateAddress}:${gate.httpPort}`,
        ...options,
      );
    };
    const states = async (vm: Vm): Promise<string> => {
      const { stdout } = await curl(vm, `http://${host}:${gate.httpPort}/ca/bundle.json`);
      const { roots } = JSON.parse(stdout) as {
        readonly roots: readonly { readonly state: string }[];
      };
      return roots.map(({ state }) => state).join();
    };

    const [installed, injected] = vms as [Vm, Vm];
    for (const vm of vms) {
      await failureOf(pull(vm));
      await curl(vm, `http://${host}:${gate.httpPort}/ca/install.sh`, '-o', '/install.sh');
    }
    await follow(installed, (await command('ca', 'fingerprint')).trim());
    await command('ca', 'inject', `dir:${injected.root.path}`);
    for (const vm of vms) await pull(vm);

    await command('ca', 'rotate');
    const seen = new Map<string, number>();
    for (let state = ''; state !== 'active';) {
      state = await states(installed);
      if (!seen.has(state)) seen.set(state, clock.day);
      for (const vm of vms) {
        await pull(vm);
        await follow(vm);
        await pull(vm);
      }
      expect(clock.day, JSON.stringify([...seen])).to.be.below(lastDay);
      // Never at the very hour of a step.
      await clock.passUntil(clock.day === 0 ? 1 : clock.day + 3);
    }
    expect([...seen.keys()]).to.deep.equal(['active,next', 'active,retiring', 'active']);
    expect([...seen.values()]).to.deep.equal([0, 31, 40]);
    expect(await gate.bundle()).not.to.equal(old);
    for (const vm of vms) {
      await follow(vm);
      await pull(vm);
      const { stdout } = await vm.root.run('cat', '/etc/ssl/certs/ca-certificates.crt');
      expect(stdout).not.to.include(old.split('\n')[1]);
      expect(stdout).to.include((await gate.bundle()).split('\n')[1]);
    }
  });
});
