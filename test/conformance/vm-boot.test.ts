/** A VM that boots on an image into which the roots were put, and pulls with verification on. */
import { copyFile } from 'node:fs/promises';
import { expect } from 'chai';
import { gateProgram } from '../support/lab/gate.ts';
import { clockedProgram, GateClock } from '../support/app/gate-clock.ts';
import { hubHost, Stage } from '../support/app/stage.ts';
import { runCommand } from '../support/lab/command.ts';
import { requireParts } from '../support/lab/lab-availability.ts';
import { OpenParts } from '../support/lab/open-parts.ts';
import { machine } from '../support/lab/place.ts';
import { TemporaryDirectory } from '../support/lab/temporary-directory.ts';
import { fetchKernel } from '../support/vm/kernel.ts';
import { boot, hostAddress } from '../support/vm/virtual-machine.ts';
import { makeVmImage } from '../support/vm/vm-image.ts';

describe('a virtual machine on an injected image', function () {
  this.timeout(480_000);
  const parts = new OpenParts();

  before(async function () {
    if (process.env['MIRRORGATE_LAB_VM'] !== '1') {
      console.warn('    skipped, it fetches a kernel and emulates a machine: npm run soak:vm');
      this.skip();
    }
    await requireParts(this, 'gate');
  });
  after(() => parts.close());

  it('boots and pulls before, during and after a rotation, and not by a retired root', async () => {
    const directory = await parts.add(TemporaryDirectory.create('vm'));
    const kernel = await fetchKernel();
    const stage = await parts.add(Stage.start({ program: clockedProgram }));
    const clock = new GateClock(stage.gate.configurationFile);
    const blob = stage.addBlob(300_000);
    const mirrorgate = async (...command: string[]): Promise<void> => {
      const program = [process.execPath, gateProgram, 'ca', ...command];
      await runCommand(machine, [...program, '--config', stage.gate.configurationFile]);
    };
    const states = async (): Promise<string> => {
      const answer = await fetch(`http://127.0.0.1:${stage.gate.httpPort}/ca/bundle.json`);
      const { roots } = (await answer.json()) as { roots: { state: string }[] };
      return roots.map(({ state }) => state).join();
    };
    const old = directory.join('old.ext4');
    const image = directory.join('root.ext4');
    await makeVmImage(old, directory.join('root'));
    await mirrorgate('inject', `image:${old}`);
    await copyFile(old, image);

    const place = `${hubHost}:${stage.gate.httpsPort}`;
    const curl = `curl -sS --max-time 60 --resolve ${place}:${hostAddress} https://${place}${blob.path}`;
    const bootOn = (booted: string): Promise<string> =>
      boot(directory, {
        ...{ kernel, image: booted, clock: clock.now() },
        script: [
          `echo "without: $(${curl} --cacert /etc/ssl/before.crt --capath /tmp -o /tmp/none 2>&1)"`,
          `echo "with: $(${curl} -o /tmp/blob 2>&1 && /bin/busybox sha256sum /tmp/blob)"`,
        ].join('\n'),
      });
    const refused = /curl: \(60\).*certificate/;
    const pulled = `with: ${blob.digest.slice('sha256:'.length)}`;

    const before = await bootOn(image);
    expect(/without: (.*)$/m.exec(before)?.[1]).to.match(refused);
    expect(before).to.include(pulled);

    await mirrorgate('rotate');
    await clock.passUntil(31);
    expect(await states()).to.equal('active,retiring');
    expect(await bootOn(old)).to.include(pulled);
    await mirrorgate('inject', `image:${image}`);
    expect(await bootOn(image)).to.include(pulled);

    // What the machines could not fetch: they share this address with who asked for the states.
    await clock.passUntil(40);
    await mirrorgate('inject', `image:${image}`);
    expect(await bootOn(image)).to.include(pulled);
    const withOld = /with: (.*)$/m.exec(await bootOn(old))?.[1];
    expect(withOld).to.match(refused);
  });
});
