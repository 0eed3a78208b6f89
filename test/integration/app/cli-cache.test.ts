import { expect } from 'chai';
import { ask } from '../../support/app/gate-client.ts';
import { GateFolder } from '../../support/app/gate-folder.ts';
import { mirrorgate } from '../../support/app/program.ts';
import { repository, Stage } from '../../support/app/stage.ts';
import { until } from '../../support/until.ts';

describe('mirrorgate cache usage', () => {
  let stage: Stage;

  interface Usage {
    readonly sizeBytes: number;
    readonly contents: number;
    readonly repositories: readonly unknown[];
  }
  const usage = async (): Promise<Usage> => {
    const config = ['--config', stage.gate.configurationFile];
    return JSON.parse((await mirrorgate('cache', 'usage', '--json', ...config)).stdout) as Usage;
  };
  beforeEach(async () => {
    stage = await Stage.start();
  });
  afterEach(() => stage.close());

  it('shows what was pulled, by mirror and repository', async () => {
    const blob = stage.addBlob(3_000_000);
    const body = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config: { mediaType: 'application/json', digest: blob.digest, size: blob.bytes.length },
        layers: [],
      }),
    );
    stage.registry.addManifest({ repository, tag: '1', body });
    for (const path of [`/v2/${repository}/manifests/1`, blob.path]) {
      expect((await ask(stage.target(), path)).status).to.equal(200);
    }
    await until('record of the pull', async () => (await usage()).contents === 2);
    const sizeBytes = blob.bytes.length + body.length;
    const counts = { tags: 1, manifests: 1, blobs: 1 };
    const { sizeBytes: total, repositories } = await usage();
    expect(total).to.equal(sizeBytes);
    expect(repositories).to.have.length(1);
    expect(repositories[0]).to.include({ mirror: 'hub', repository, ...counts, sizeBytes });
    const config = ['--config', stage.gate.configurationFile];
    const { exitCode, stdout } = await mirrorgate('cache', 'usage', ...config);
    expect(exitCode).to.equal(0);
    expect(stdout.split('\n').map((line) => line.trim().split(/ {2,}/))).to.deep.equal([
      ['MIRROR', 'REPOSITORY', 'TAGS', 'MANIFESTS', 'BLOBS', 'SIZE'],
      ['hub', repository, '1', '1', '1', '2.9 MiB'],
      ['2.9 MiB on disk in 2 contents'],
      [''],
    ]);
  });

  it('shows nothing of a cache that is not there, and makes none', async () => {
    const folder = await GateFolder.create();
    const { exitCode, stdout } = await folder.run('cache', 'usage');
    expect([exitCode, stdout]).to.deep.equal([0, '0 B on disk in 0 contents\n']);
    expect(await folder.has('cache')).to.equal(false);
    await folder.close();
  });
});
