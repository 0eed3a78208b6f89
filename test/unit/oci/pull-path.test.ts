import { expect } from 'chai';
import { digestOf } from '../../../lib/oci/digest.ts';
import { parsePullPath, pullPath, type PullRequest } from '../../../lib/oci/pull-path.ts';

const digest = digestOf(Buffer.from('content'));

function pullOf(path: string, query = ''): PullRequest {
  const result = parsePullPath(path, query);
  if (result.kind === 'fault') throw new TypeError(`${path}: ${result.fault}`);
  return result.pull;
}

describe('the path of a pull', () => {
  const pulls: readonly (readonly [path: string, query: string, pull: unknown])[] = [
    ['/v2', '', { kind: 'ping' }],
    ['/v2/', '', { kind: 'ping' }],
    [
      '/v2/library/alpine/manifests/3.20',
      '',
      {
        kind: 'manifest',
        repository: 'library/alpine',
        reference: { kind: 'tag', tag: '3.20' },
      },
    ],
    [
      `/v2/a/manifests/${digest}`,
      '',
      { kind: 'manifest', repository: 'a', reference: { kind: 'digest', digest } },
    ],
    [`/v2/a/b/c/blobs/${digest}`, '', { kind: 'blob', repository: 'a/b/c', digest }],
    ['/v2/a/tags/list', 'n=5', { kind: 'tags', repository: 'a', query: 'n=5' }],
    [
      `/v2/a/referrers/${digest}`,
      'artifactType=x',
      { kind: 'referrers', repository: 'a', digest, query: 'artifactType=x' },
    ],
  ];
  for (const [path, query, pull] of pulls) {
    it(`${path} is read, and spelt again the same`, () => {
      const read = pullOf(path, query);
      expect(read).to.deep.equal(pull);
      const [again = '', askedAgain = ''] = pullPath(read).split('?');
      expect(pullOf(again, askedAgain)).to.deep.equal(pull);
    });
  }

  it('is read from its end: repositories may be called like verbs', () => {
    expect(pullOf('/v2/blobs/manifests/blobs')).to.include({
      kind: 'manifest',
      repository: 'blobs',
    });
    expect(pullOf('/v2/a/manifests/tags/list')).to.include({
      kind: 'tags',
      repository: 'a/manifests',
    });
    expect(pullOf('/v2/tags/list/manifests/tags')).to.include({ repository: 'tags/list' });
    expect(pullOf(`/v2/v2/v2/blobs/${digest}`)).to.include({ repository: 'v2/v2' });
  });

  const faults: readonly (readonly [path: string, fault: string])[] = [
    ['/v2/_catalog', 'unsupported'],
    ['/v2/a', 'unsupported'],
    ['/v2/a/blobs/uploads/', 'unsupported'],
    ['/v2/a/blobs/uploads/1', 'unsupported'],
    ['/v2/a/manifests/', 'reference-invalid'],
    ['/v2/a/tags/', 'unsupported'],
    ['/v2/a/tags/list/', 'unsupported'],
    ['/v2/a/tags/List', 'unsupported'],
    ['/v2//', 'unsupported'],
    ['/v1/a/manifests/1', 'unsupported'],
    ['/v2x/a/manifests/1', 'unsupported'],
    ['', 'unsupported'],
    ['/', 'unsupported'],
    ['/v2/manifests/1', 'name-invalid'],
    ['/v2/tags/list', 'name-invalid'],
    ['/v2/../manifests/1', 'name-invalid'],
    ['/v2/a/../b/manifests/1', 'name-invalid'],
    ['/v2/a//b/manifests/1', 'name-invalid'],
    ['/v2//a/manifests/1', 'name-invalid'],
    ['/v2/A/manifests/1', 'name-invalid'],
    ['/v2/a%2f..%2fb/manifests/1', 'name-invalid'],
    [`/v2/_blobs/blobs/${digest}`, 'name-invalid'],
    [`/v2/${'a'.repeat(256)}/blobs/${digest}`, 'name-invalid'],
    ['/v2/a/manifests/..', 'reference-invalid'],
    ['/v2/a/manifests/.x', 'reference-invalid'],
    ['/v2/a/manifests/sha256:abc', 'reference-invalid'],
    ['/v2/a/blobs/latest', 'digest-invalid'],
    ['/v2/a/blobs/', 'digest-invalid'],
    [`/v2/a/blobs/${digest.toUpperCase()}`, 'digest-invalid'],
    [`/v2/a/blobs/${digest}%00`, 'digest-invalid'],
    ['/v2/a/referrers/latest', 'digest-invalid'],
  ];
  for (const [path, fault] of faults) {
    it(`${path.slice(0, 60)} is refused: ${fault}`, () => {
      expect(parsePullPath(path, '')).to.include({ kind: 'fault', fault });
    });
  }
});
