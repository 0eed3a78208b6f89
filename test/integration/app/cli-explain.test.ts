import { expect } from 'chai';
import type { Explanation } from '../../../lib/app/explanation.ts';
import { ask } from '../../support/app/gate-client.ts';
import { GateFolder } from '../../support/app/gate-folder.ts';
import { mirrorgate } from '../../support/app/program.ts';
import { hubHost, repository, Stage, universalHost } from '../../support/app/stage.ts';

describe('mirrorgate explain', () => {
  let stage: Stage;

  before(async () => {
    stage = await Stage.start();
    const blob = stage.addBlob(40_000);
    const body = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config: {
          mediaType: 'application/vnd.oci.image.config.v1+json',
          digest: blob.digest,
          size: blob.bytes.length,
        },
        layers: [],
      }),
    );
    stage.registry.addManifest({ repository, tag: '1', body });
  });
  after(() => stage.close());

  async function explain(...words: readonly string[]) {
    const config = ['--config', stage.gate.configurationFile];
    const { exitCode, stdout, stderr } = await mirrorgate('explain', ...words, '--json', ...config);
    return {
      exitCode,
      stderr,
      told: stdout === '' ? undefined : (JSON.parse(stdout) as Explanation),
    };
  }

  it('follows an image from its first pull to the cache', async () => {
    const image = `registry.test/${repository}:1`;
    const cold = await explain(image);
    expect(cold.exitCode).to.equal(0);
    expect(cold.told).to.include({ mirror: 'hub', quotaCost: 1, works: true });
    expect(cold.told?.routes).to.deep.equal([`${hubHost}:${stage.gate.httpsPort}/${repository}:1`]);
    expect(cold.told?.steps.map(({ step }) => step.split(' ')[0])).to.include.members([
      'cache',
      'DNS',
      'HEAD',
    ]);
    expect(cold.told?.steps.map(({ result }) => result)).not.to.include('failed');
    expect(cold.told?.steps[0]).to.include({ step: 'cache', result: 'none' });
    await ask(stage.target(), `/v2/${repository}/manifests/1`);
    const warm = await explain(image);
    expect(warm.told).to.include({ quotaCost: 0, works: true });
    expect(warm.told?.held).to.include({ parts: 1, known: 2 });
  });

  it('says why a pull fails, and exits by it', async () => {
    const { exitCode, told } = await explain(`registry.test/${repository}:none`);
    expect(exitCode).to.equal(1);
    expect(told?.verdict.join()).to.match(/^the pull fails: /);
  });

  it('knows which registry has no mirror, and what is no image', async () => {
    const elsewhere = await explain('other.test/acme/app');
    expect(elsewhere.told?.mirror).to.equal(undefined);
    expect(elsewhere.told?.verdict[0]).to.include('no mirror is configured for other.test');
    expect((await explain('Not An Image')).exitCode).to.equal(2);
  });

  it('takes an image by a host of the gate, as clients name it', async () => {
    const { httpsPort } = stage.gate;
    for (const image of [
      `${hubHost}:${httpsPort}/${repository}:1`,
      `${hubHost}/registry.test/${repository}:1`,
      `${universalHost}:${httpsPort}/registry.test/${repository}:1`,
    ]) {
      const { told } = await explain(image);
      expect(told, image).to.include({ image, mirror: 'hub', works: true });
      expect(told?.routes).to.deep.equal([`${hubHost}:${httpsPort}/${repository}:1`]);
    }
    const unknown = await explain(`${universalHost}/${repository}:1`);
    expect(unknown.exitCode).to.equal(1);
    expect(unknown.stderr).to.match(new RegExp(`no mirror serves ${repository}`));
  });

  it('names the reasons that a tool has to go past the mirror', async () => {
    const { told } = await explain(`registry.test/${repository}:1`, '--client', 'docker');
    expect(told?.bypasses.join()).to.match(/docker before 28.*private CA.*allow-list/s);
  });

  it('needs a gate that runs', async () => {
    const folder = await GateFolder.create();
    const { exitCode, stderr } = await folder.run('explain', 'nginx');
    expect(exitCode).to.equal(1);
    expect(stderr).to.match(/no gate runs on .*start it/);
    await folder.close();
  });
});
