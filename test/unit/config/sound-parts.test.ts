import { expect } from 'chai';
import { soundParts, type SoundParts } from '../../../lib/config/sound-parts.ts';
import type { KeyPath } from '../../../lib/config/yaml-file.ts';

function partsOf(value: unknown, ...paths: readonly KeyPath[]): SoundParts | undefined {
  return soundParts(
    value,
    paths.map((path) => ({ path, message: 'wrong' })),
  );
}

describe('the sound parts of a faulty configuration', () => {
  const value = { log: { level: 'x' }, mirrors: ['a', 'b', 'c', 'd'], ca: { access: 'public' } };

  it('lack every top-level key with a fault', () => {
    const parts = partsOf(value, ['log', 'level'], ['unknown']);
    expect(parts?.value).to.deep.equal({ mirrors: value.mirrors, ca: value.ca });
    expect([...(parts?.incomplete ?? [])]).to.have.members(['log', 'unknown']);
    expect(parts?.original(['mirrors', 3, 'hosts'])).to.deep.equal(['mirrors', 3, 'hosts']);
  });

  it('keep the mirrors without a fault, and know where those stood', () => {
    const parts = partsOf(value, ['mirrors', 0], ['mirrors', 2, 'hosts', 1], ['mirrors', 2, 'x']);
    expect(parts?.value).to.deep.equal({ ...value, mirrors: ['b', 'd'] });
    expect([...(parts?.incomplete ?? [])]).to.deep.equal(['mirrors']);
    expect(parts?.original(['mirrors', 1, 'hosts', 0])).to.deep.equal(['mirrors', 3, 'hosts', 0]);
    expect(parts?.original(['ca', 'access'])).to.deep.equal(['ca', 'access']);
    expect(parts?.original([])).to.deep.equal([]);
  });

  it('lack a list that is none, or is wrong as a whole', () => {
    expect(partsOf({ mirrors: 'a' }, ['mirrors'])?.value).to.deep.equal({});
    expect(partsOf({ mirrors: ['a'] }, ['mirrors'], ['mirrors', 0])?.value).to.deep.equal({});
  });

  it('are none of what is no mapping', () => {
    for (const whole of [null, 'x', 5, ['x']]) expect(partsOf(whole, [])).to.equal(undefined);
  });

  it('leave the written value as it was', () => {
    const written = structuredClone(value);
    partsOf(written, ['mirrors', 0], ['log']);
    expect(written).to.deep.equal(value);
  });
});
