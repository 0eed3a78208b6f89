import { expect } from 'chai';
import {
  dockerManifest,
  dockerManifestList,
  essenceOf,
  isMediaType,
  manifestAccept,
  ociIndex,
  ociManifest,
} from '../../../lib/oci/media-types.ts';

describe('media types', () => {
  it('are compared without case, parameters and blanks', () => {
    const written = ` ${ociManifest.toUpperCase()} ; charset=utf-8;x="a;b"`;
    expect(essenceOf(written)).to.equal(ociManifest);
    expect(essenceOf('')).to.equal('');
    expect(essenceOf(';charset=utf-8')).to.equal('');
  });

  it('of manifests are all four asked for, whoever asks', () => {
    const accepted = manifestAccept.split(', ');
    expect(accepted).to.have.members([ociIndex, dockerManifestList, ociManifest, dockerManifest]);
  });

  it('have a type and a subtype of token characters', () => {
    for (const type of [ociIndex, 'text/html', 'application/json', 'x/y+z']) {
      expect(isMediaType(type), type).to.equal(true);
    }
    const wrong = [
      '',
      'text',
      'text/',
      '/html',
      'a/b/c',
      'a b/c',
      'a/b\r\nx: y',
      'text/html;',
      '*/*',
    ];
    for (const type of [...wrong, `a/${'b'.repeat(200)}`]) {
      expect(isMediaType(type), type).to.equal(false);
    }
  });
});
