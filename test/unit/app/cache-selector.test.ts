import { expect } from 'chai';
import { parseSelector } from '../../../lib/app/cache-selector.ts';
import { testMirror } from '../../support/upstream/test-mirror.ts';

const mirrors = [
  testMirror('https://registry-1.docker.io', {
    name: 'hub',
    registry: 'docker.io',
    aliases: ['index.docker.io'],
  }),
];
const digest = `sha256:${'a'.repeat(64)}`;

describe('a selector of the cache', () => {
  const read: Record<string, object> = {
    [digest]: { kind: 'digest', digest },
    hub: { kind: 'records', mirror: 'hub' },
    'docker.io': { kind: 'records', mirror: 'hub' },
    'hub/library/*': { kind: 'records', mirror: 'hub', repository: 'library/*' },
    'index.docker.io/library/alpine:3.20': {
      ...{ kind: 'records', mirror: 'hub' },
      ...{ repository: 'library/alpine', tag: '3.20' },
    },
  };
  for (const [text, selection] of Object.entries(read)) {
    it(`is read from ${text.slice(0, 40)}`, () => {
      expect(parseSelector(text, { mirrors })).to.deep.equal(selection);
    });
  }

  it('is everything where there is none', () => {
    expect(parseSelector(undefined, { mirrors })).to.deep.equal({ kind: 'all' });
  });

  for (const text of ['', 'alpine', '/', 'hub/a:b:c', 'hub/a:.b', 'ghcr.io/a/b', 'sha256:abc']) {
    it(`is not read from "${text}"`, () => {
      expect(() => parseSelector(text, { mirrors }))
        .to.throw()
        .with.property('code', 'MIRRORGATE_CACHE_SELECTOR_ARGUMENT');
    });
  }
});
