import { resolve, sep } from 'node:path';
import { expect } from 'chai';
import { parsePullPath, pullPath, type PullRequest } from '../../../lib/oci/pull-path.ts';
import { StoreLayout } from '../../../lib/store/layout.ts';
import { SeededRandom } from '../../support/edge/seeded-random.ts';
import { randomPath } from './random-path.ts';

const root = '/srv/cache';
const layout = new StoreLayout(root);
const recordFolders = ['_blobs', '_manifests', '_tags'];

/** Every file that the cache would touch for the pull. */
function filesOf(pull: Exclude<PullRequest, { kind: 'ping' }>): string[] {
  const key = { mirror: 'hub', repository: pull.repository };
  const folder = layout.repository(key);
  switch (pull.kind) {
    case 'tags':
      return [folder];
    case 'manifest':
      if (pull.reference.kind === 'tag') return [folder, layout.tag(key, pull.reference.tag)];
      return [
        layout.manifestLink(key, pull.reference.digest),
        layout.blob(pull.reference.digest),
        layout.quarantined(pull.reference.digest, new Date(0)),
      ];
    case 'blob':
    case 'referrers':
      return [folder, layout.blobLink(key, pull.digest), layout.blob(pull.digest)];
  }
}

describe('5 000 hostile request paths', () => {
  it('name no file outside the cache directory, and none that belongs to another', () => {
    const random = SeededRandom.announced('request paths');
    let read = 0;
    for (let round = 0; round < 5_000; round += 1) {
      const path = randomPath(random);
      const result = parsePullPath(path, '');
      if (result.kind === 'fault' || result.pull.kind === 'ping') continue;
      read += 1;
      for (const file of filesOf(result.pull)) {
        expect(resolve(file), path).to.equal(file);
        expect(file.startsWith(root + sep), path).to.equal(true);
        expect(file, path).to.match(/^[\x21-\x7e]{1,700}$/);
        for (const name of file.split(sep)) expect(name.length, path).to.be.below(256);
      }
      const folders = result.pull.repository.split('/');
      expect(
        folders.filter((name) => recordFolders.includes(name) || /^\W/.test(name)),
      ).to.have.length(0);
    }
    expect(read).to.be.above(300);
  });

  it('are spelt again as they were read, so that every part means the same pull', () => {
    const random = SeededRandom.announced('request paths');
    for (let round = 0; round < 5_000; round += 1) {
      const path = randomPath(random);
      const result = parsePullPath(path, '');
      if (result.kind === 'fault') continue;
      expect(pullPath(result.pull)).to.equal(path === '/v2' ? '/v2/' : path);
      expect(parsePullPath(pullPath(result.pull), '')).to.deep.equal(result);
    }
  });

  it('that are long are judged at once', () => {
    const long = ['a/', 'a-', 'a_', 'a.', 'a__', '/', '../', '-'].map((part) =>
      part.repeat(100_000),
    );
    const started = performance.now();
    for (const part of long) {
      for (const verb of ['manifests', 'blobs', 'tags']) parsePullPath(`/v2/${part}/${verb}/x`, '');
      parsePullPath(`/v2/a/manifests/${part}`, '');
    }
    expect(performance.now() - started).to.be.below(2_000);
  });
});
