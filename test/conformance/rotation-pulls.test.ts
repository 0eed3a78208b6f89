/**
 * skopeo, whose verifier is Go's as that of docker, containerd and BuildKit, pulls by the old root,
 * by both and by the new one, over and over, through a whole rotation.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { CommandFailure, runCommand } from '../support/lab/command.ts';
import { DebianRegistry } from '../support/lab/debian-registry.ts';
import { Gate, gateProgram } from '../support/lab/gate.ts';
import { ImageLayout } from '../support/lab/image-layout.ts';
import { requireParts } from '../support/lab/lab-availability.ts';
import { Namespace } from '../support/lab/namespace.ts';
import { OpenParts } from '../support/lab/open-parts.ts';
import { machine } from '../support/lab/place.ts';
import { poll } from '../support/lab/polling.ts';
import { pushImage } from '../support/lab/skopeo.ts';
import { TemporaryDirectory } from '../support/lab/temporary-directory.ts';
import { scaled } from '../support/scale.ts';

const host = 'hub.mirror.test';
const deadlineMs = 90_000;
const kinds = ['old', 'both', 'new'] as const;
type Kind = (typeof kinds)[number];

describe('skopeo through a rotation', function () {
  this.timeout(deadlineMs + 30_000);
  const parts = new OpenParts();
  after(() => parts.close());

  it('pulls by the old root until it is retired, by both always, by the new one once it signs', async function () {
    if (scaled(1) === 1) {
      console.warn('    skipped, a rotation takes its time: npm run soak:rotation');
      this.skip();
    }
    await requireParts(this, 'namespaces', 'docker-registry', 'skopeo', 'gate');
    const hosts = { '127.0.0.1': [host] };
    const place = await parts.add(Namespace.start({ network: 'own', hosts }));
    const registry = await parts.add(DebianRegistry.start({ place }));
    const layout = await parts.add(ImageLayout.create());
    const image = await layout.addBusybox('rotation', 'pulled');
    await pushImage({ place, layout, image, to: `${registry.host}/library/rotation:1` });
    const privateCa = {
      ...{ permitted: ['mirror.test'], rootLifetime: '300s' },
      ...{ leafLifetime: '8s', overlap: '4s' },
    };
    const gate = await parts.add(
      Gate.start({
        place,
        httpsPort: 443,
        mirrors: [{ name: 'hub', registry: 'docker.io', upstream: registry.url, hosts: [host] }],
        settings: { certificates: { directory: 'certs', privateCa } },
      }),
    );
    const scratch = await parts.add(TemporaryDirectory.create('rotation'));
    const command = async (...words: string[]): Promise<string> => {
      const program = [process.execPath, gateProgram, 'ca', ...words];
      const configured = [...program, '--config', gate.configurationFile];
      return (await runCommand(machine, configured)).stdout;
    };
    const states = async (): Promise<string> => {
      const { stdout } = await runCommand(place, [
        ...['curl', '-fsS', '--max-time', '10', `http://${host}:${gate.httpPort}/ca/bundle.json`],
      ]);
      const { roots } = JSON.parse(stdout) as { roots: readonly { readonly state: string }[] };
      return roots.map(({ state }) => state).join();
    };

    const old = await gate.bundle();
    await command('rotate');
    const both = await command('bundle');
    const bundles: Readonly<Record<Kind, string>> = { old, both, new: both.slice(old.length) };
    for (const kind of kinds) {
      await mkdir(scratch.join(kind));
      await writeFile(scratch.join(kind, 'ca.crt'), bundles[kind]);
    }
    let pulls = 0;
    const isPulled = async (kind: Kind): Promise<boolean> => {
      pulls += 1;
      try {
        await runCommand(place, [
          ...['skopeo', '--insecure-policy', 'copy', '--quiet', '--src-cert-dir'],
          ...[scratch.join(kind), `docker://${host}/library/rotation:1`],
          `dir:${scratch.join(String(pulls))}`,
        ]);
        return true;
      } catch (error) {
        if (!(error instanceof CommandFailure)) throw error;
        expect(error.stderr).to.contain('x509');
        return false;
      }
    };

    const seen = new Set<string>();
    const end = Date.now() + deadlineMs;
    for (let state = 'active,next'; state !== 'active';) {
      expect(Date.now(), [...seen].join(' then ')).to.be.below(end);
      const pulled = { old: await isPulled('old'), both: await isPulled('both') };
      const isNewPulled = await isPulled('new');
      const later = await states();
      // A step in between leaves open which of the two was in force.
      if (later === state) {
        const expected = { old: true, both: true, new: state === 'active,retiring' };
        expect({ ...pulled, new: isNewPulled }, state).to.deep.equal(expected);
        seen.add(state);
      } else {
        expect(pulled.both, `${state} to ${later}`).to.equal(true);
      }
      state = later;
    }
    expect([...seen]).to.deep.equal(['active,next', 'active,retiring']);
    // The chain without the old root follows the step.
    await poll(async () => ((await isPulled('old')) ? undefined : true), {
      deadlineMs: 20_000,
      what: 'end of the old root',
    });
    for (const kind of kinds) expect(await isPulled(kind), kind).to.equal(kind !== 'old');
    console.info(`      ${pulls} pulls`);
  });
});
