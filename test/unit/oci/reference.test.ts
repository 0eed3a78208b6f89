import { expect } from 'chai';
import { digestOf } from '../../../lib/oci/digest.ts';
import { referenceText, tryReference } from '../../../lib/oci/reference.ts';

describe('a reference', () => {
  const digest = digestOf(Buffer.from('manifest'));

  it('is a digest before it is a tag, and says which', () => {
    expect(tryReference(digest)).to.deep.equal({ kind: 'digest', digest });
    expect(tryReference('latest')).to.deep.equal({ kind: 'tag', tag: 'latest' });
    const hexAlone = digest.slice('sha256:'.length);
    expect(tryReference(hexAlone)).to.deep.equal({ kind: 'tag', tag: hexAlone });
  });

  for (const text of ['', 'sha256:', 'sha256:abc', 'latest@sha256', 'a:b', '..', `${digest}0`]) {
    it(`is not ${JSON.stringify(text.slice(0, 20))} of ${text.length} characters`, () => {
      expect(tryReference(text)).to.equal(undefined);
    });
  }

  it('spells what it was read from', () => {
    for (const text of [digest, 'v1.2']) {
      const reference = tryReference(text);
      expect(reference && referenceText(reference)).to.equal(text);
    }
  });
});
