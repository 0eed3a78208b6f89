import { truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import type { Digest } from '../../../lib/oci/digest.ts';
import { StoreLayout } from '../../../lib/store/layout.ts';
import { ask } from '../../support/app/gate-client.ts';
import { mirrorgate, type Outcome } from '../../support/app/program.ts';
import { hubHost, repository, Stage } from '../../support/app/stage.ts';
import { until } from '../../support/until.ts';
import { addImage, addIndex, type FakeImage } from '../../support/upstream/fake-image.ts';

const other = 'acme/other';

describe('mirrorgate cache', () => {
  let stage: Stage;

  const run = (...command: readonly string[]): Promise<Outcome> =>
    mirrorgate('cache', ...command, '--config', stage.gate.configurationFile);
  const cacheStatus = async (path: string): Promise<string | undefined> => {
    const { headers } = await ask(stage.target(), path);
    return String(headers['cache-status']);
  };
  const blobPath = (digest: Digest, name = repository): string => `/v2/${name}/blobs/${digest}`;
  const isHit = async (path: string): Promise<boolean> =>
    (await cacheStatus(path)) === 'mirrorgate; hit';
  /** Pulls an image as a client does, until all of it is kept. */
  const pull = async ({ blobs }: FakeImage, tag: string, name = repository): Promise<void> => {
    await ask(stage.target(), `/v2/${name}/manifests/${tag}`);
    for (const digest of blobs) {
      await until('the blob to be kept', () => isHit(blobPath(digest, name)));
    }
  };
  const layout = (): StoreLayout =>
    new StoreLayout(join(dirname(stage.gate.configurationFile), 'cache'));

  beforeEach(async () => {
    stage = await Stage.start();
  });
  afterEach(() => stage.close());

  it('purge takes an image out of a running gate, and nothing that another needs', async () => {
    const shared = stage.addBlob(50_000).digest;
    const first = addImage(stage.registry, { repository, tag: '1' }, [shared, 100_000]);
    const second = addImage(stage.registry, { repository, tag: '2' }, [shared, 1000]);
    await pull(first, '1');
    await pull(second, '2');
    const { exitCode, stdout } = await run('purge', `hub/${repository}:1`, '--json');
    expect(exitCode).to.equal(0);
    // The tag; its manifest, config and own layer.
    const bytes = (JSON.parse(stdout) as { bytes: number }).bytes;
    expect(JSON.parse(stdout)).to.include({ records: 4, contents: 3 });
    expect(bytes).to.be.within(100_000, 102_000);
    expect(await isHit(`/v2/${repository}/manifests/2`)).to.equal(true);
    for (const digest of second.blobs) expect(await isHit(blobPath(digest))).to.equal(true);
    expect(await isHit(`/v2/${repository}/manifests/1`)).to.equal(false);
    const own = first.blobs.filter((digest) => digest !== shared);
    for (const digest of own) expect(await isHit(blobPath(digest))).to.equal(false);
  });

  it('purge of a repository leaves what another repository has a record of', async () => {
    const image = addImage(stage.registry, { repository, tag: '1' }, [1000]);
    addImage(stage.registry, { repository: other, tag: '1' }, []);
    await pull(image, '1');
    await until('it to be kept', () => isHit(blobPath(image.config, other)));
    const { exitCode } = await run('purge', 'registry.test/acme/a*');
    expect(exitCode).to.equal(0);
    expect(await isHit(blobPath(image.config, other))).to.equal(true);
    expect(await isHit(blobPath(image.last))).to.equal(false);
  });

  it('purge empties the files where no gate runs', async () => {
    await pull(addImage(stage.registry, { repository, tag: '1' }, [1000]), '1');
    await stage.gate.kill();
    const { exitCode, stdout } = await run('purge');
    expect(exitCode).to.equal(0);
    expect(stdout).to.match(/^4 records and 3 contents removed, /);
    expect((await run('usage', '--json')).stdout).to.include('"contents": 0');
  });

  it('purge of what is no selector says how one is written', async () => {
    const { exitCode, errors } = await run('purge', 'alpine');
    expect(exitCode).to.equal(2);
    expect(errors).to.have.length(1);
    expect(errors[0]).to.include('MIRROR/REPOSITORY:TAG');
  });

  it('verify sets aside what is damaged, which is fetched again', async () => {
    const image = addImage(stage.registry, { repository, tag: '1' }, [1000, 2000]);
    await pull(image, '1');
    expect((await run('verify')).stdout).to.match(/^4 contents verified, .*, 0 damaged\n$/);
    const damaged = image.last;
    await truncate(layout().blob(damaged), 100);
    const { exitCode, errors, stdout } = await run('verify');
    expect(exitCode).to.equal(1);
    expect(errors).to.have.length(1);
    expect(errors[0]).to.include(damaged);
    expect(stdout).to.match(/1 damaged\n$/);
    stage.registry.forgetRequests();
    await until('it to be a hit again', () => isHit(blobPath(damaged)));
    expect(stage.registry.count('blob', 'GET')).to.equal(1);
    expect((await run('verify')).exitCode).to.equal(0);
  });

  it('warm fetches one platform of an image, once', async () => {
    const images = {
      'linux/amd64': addImage(stage.registry, { repository }, [10_000, 20_000]),
      'linux/arm64/v8': addImage(stage.registry, { repository }, [30_000]),
    };
    addIndex(stage.registry, { repository, tag: '1' }, images);
    const image = `registry.test/${repository}:1`;
    const first = await run('warm', image, '--platform', 'linux/arm64');
    expect([first.exitCode, first.errors]).to.deep.equal([0, []]);
    expect(first.stdout).to.equal(`${image}: 2 of 2 blobs, 2 fetched, 29.4 KiB\n`);
    for (const digest of images['linux/arm64/v8'].blobs) {
      await until('the blob to be kept', () => isHit(blobPath(digest)));
    }
    expect(stage.registry.count('blob', 'GET')).to.equal(2);
    const again = await run('warm', image, '--platform', 'linux/arm64');
    expect(again.stdout).to.equal(`${image}: 2 of 2 blobs, 0 fetched, 0 B\n`);
    expect((await run('warm', image, '--platform', 'all')).stdout).to.include('5 of 5 blobs, 3 ');
    const none = await run('warm', image, '--platform', 'linux/s390x');
    expect([none.exitCode, none.errors.length]).to.deep.equal([1, 1]);
    expect(none.errors[0]).to.include('linux/amd64, linux/arm64/v8');
  });

  it('warm tells what it cannot fetch, and fetches the rest', async () => {
    addImage(stage.registry, { repository, tag: '1' }, [1000]);
    const { exitCode, errors, stdout } = await run(
      'warm',
      `registry.test/${repository}:none`,
      `registry.test/${repository}:1`,
    );
    expect([exitCode, errors.length]).to.deep.equal([1, 1]);
    expect(errors[0]).to.match(/:none: .* was answered 404/);
    expect(stdout).to.include('2 of 2 blobs, 2 fetched');
    await stage.gate.kill();
    expect((await run('warm', hubHost)).errors[0]).to.include('mirrorgate serve');
  });
});
