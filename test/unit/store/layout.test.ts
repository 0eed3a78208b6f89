import { relative, sep } from 'node:path';
import { expect } from 'chai';
import { digestHex, digestOf } from '../../../lib/oci/digest.ts';
import { tryRepositoryName, tryTag } from '../../../lib/oci/names.ts';
import { digestOfFile, layoutVersion, StoreLayout } from '../../../lib/store/layout.ts';

const layout = new StoreLayout('/srv/cache');
const digest = digestOf(Buffer.from('content'));
const hex = digestHex(digest);
const repository = tryRepositoryName('acme/app');
const tag = tryTag('_v1..2');

describe('the layout of the cache', () => {
  it('has a version of one line', () => {
    expect(layoutVersion).to.match(/^mirrorgate cache layout \d+\n$/);
  });

  it('is one tree, as ARCHITECTURE.md shows it', () => {
    if (repository === undefined || tag === undefined) throw new TypeError('no name');
    const key = { mirror: 'hub', repository };
    const paths = {
      layout: layout.layoutFile,
      'filling/worker-1': layout.filling('worker-1'),
      [`blobs/sha256/${hex.slice(0, 2)}/${hex}`]: layout.blob(digest),
      [`quarantine/sha256-${hex}-5`]: layout.quarantined(digest, new Date(5)),
      'mirrors/hub/acme/app': layout.repository(key),
      [`mirrors/hub/acme/app/_blobs/sha256/${hex}`]: layout.blobLink(key, digest),
      [`mirrors/hub/acme/app/_manifests/sha256/${hex}`]: layout.manifestLink(key, digest),
      'mirrors/hub/acme/app/_tags/_v1..2': layout.tag(key, tag),
    };
    for (const [expected, path] of Object.entries(paths)) {
      expect(relative(layout.root, path)).to.equal(expected);
    }
  });

  it('keeps repositories apart from the records of others', () => {
    const [outer, inner] = [tryRepositoryName('acme'), tryRepositoryName('acme/app')];
    if (outer === undefined || inner === undefined || tag === undefined) throw new TypeError();
    const records = layout.tag({ mirror: 'hub', repository: outer }, tag);
    expect(
      records.startsWith(layout.repository({ mirror: 'hub', repository: inner }) + sep),
    ).to.equal(false);
    for (const folder of ['_tags', '_blobs', '_manifests']) {
      expect(tryRepositoryName(`acme/${folder}`)).to.equal(undefined);
    }
  });

  it('reads the digest of a file, and none of a stray name', () => {
    expect(digestOfFile('sha256', hex)).to.equal(digest);
    for (const [algorithm, name] of [
      ...[
        ['sha256', `${hex}0`],
        ['sha256', hex.toUpperCase()],
        ['sha512', hex],
        ['', hex],
      ],
      ...[
        ['sha256', '.mirrorgate-tmp-0'],
        ['md5', hex],
        ['sha256', '..'],
        ['sha256:', hex],
      ],
    ]) {
      expect(digestOfFile(algorithm ?? '', name ?? ''), name).to.equal(undefined);
    }
  });
});
