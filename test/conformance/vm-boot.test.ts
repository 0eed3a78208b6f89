/** A VM that boots on an image into which the roots were put, and pulls with verification on. */
import { expect } from 'chai';
import { gateProgram } from '../support/lab/gate.ts';
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
  this.timeout(240_000);
  const parts = new OpenParts();

  before(async function () {
    if (process.env['MIRRORGATE_LAB_VM'] !== '1') {
      console.warn('    skipped, it fetches a kernel and emulates a machine: npm run soak:vm');
      this.skip();
    }
    await requireParts(this, 'gate');
  });
  after(() => parts.close());

  it('boots, and pulls through the gate by the root that was put into its image', async () => {
    const directory = await parts.add(TemporaryDirectory.create('vm'));
    const kernel = await fetchKernel();
    const stage = await parts.add(Stage.start());
    const blob = stage.addBlob(300_000);
    const image = directory.join('root.ext4');
    await makeVmImage(image, directory.join('root'));
    const inject = ['ca', 'inject', `image:${image}`, '--config', stage.gate.configurationFile];
    await runCommand(machine, [process.execPath, gateProgram, ...inject]);

    const place = `${hubHost}:${stage.gate.httpsPort}`;
    const curl = `curl -sS --max-time 60 --resolve ${place}:${hostAddress} https://${place}${blob.path}`;
    const output = await boot(directory, {
      kernel,
      image,
      script: [
        `echo "without: $(${curl} --cacert /etc/ssl/before.crt --capath /tmp -o /tmp/none 2>&1)"`,
        `${curl} -o /tmp/blob && echo "with: sha256:$(/bin/busybox sha256sum /tmp/blob)"`,
      ].join('\n'),
    });

    expect(output).to.match(/without: curl: \(60\).*certificate/);
    expect(output).to.include(`with: ${blob.digest}`);
  });
});
