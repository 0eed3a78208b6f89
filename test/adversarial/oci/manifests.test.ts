import { expect } from 'chai';
import { MirrorgateError } from '../../../lib/errors/mirrorgate-error.ts';
import { judgeManifest } from '../../../lib/oci/manifest.ts';
import { ociIndex, ociManifest } from '../../../lib/oci/media-types.ts';
import { SeededRandom } from '../../support/edge/seeded-random.ts';

const keys = [
  'manifests',
  'layers',
  'config',
  'mediaType',
  'Manifests',
  'LAYERS',
  'x',
  '__proto__',
];
const values = [
  '[]',
  '{}',
  'null',
  '0',
  '""',
  `"${ociIndex}"`,
  `"${ociManifest}"`,
  '{"layers":[]}',
];

function judged(bytes: Buffer, contentType: string): string | undefined {
  try {
    return judgeManifest(bytes, contentType);
  } catch (error) {
    if (!(error instanceof MirrorgateError)) throw error;
    expect(error.code).to.equal('MIRRORGATE_CONTENT_INVALID');
    return undefined;
  }
}

/** What a reader blind to the case of keys, as Go's, may make of `body`. */
function readings(body: Readonly<Record<string, unknown>>): Set<string> {
  const names = Object.keys(body).map((key) => key.toLowerCase());
  const kinds = names.flatMap((name) => {
    if (name === 'manifests') return ['index'];
    return name === 'layers' || name === 'config' ? ['image'] : [];
  });
  return new Set(kinds);
}

describe('random manifests', () => {
  it('are refused, or can be read in one way alone', () => {
    const random = SeededRandom.announced('manifests');
    let accepted = 0;
    for (let round = 0; round < 20_000; round += 1) {
      const parts = Array.from(
        { length: random.below(5) },
        () => `"${random.pick(keys)}":${random.pick(values)}`,
      );
      const text = `{${parts.join(',')}}`;
      const contentType = random.pick([ociIndex, ociManifest]);
      if (judged(Buffer.from(text), contentType) === undefined) continue;
      accepted += 1;
      const body = JSON.parse(text) as Record<string, unknown>;
      expect(Object.keys(body), text).to.have.length(parts.length);
      expect([...readings(body)], text).to.deep.equal([
        contentType === ociIndex ? 'index' : 'image',
      ]);
      expect(body['mediaType'] ?? contentType, text).to.equal(contentType);
    }
    expect(accepted).to.be.above(200);
  });

  it('of bytes without sense, or cut and flipped, raise no other error', () => {
    const random = SeededRandom.announced('manifest bytes');
    const sound = Buffer.from(JSON.stringify({ config: { size: 1 }, layers: [{ size: 2 }] }));
    for (let round = 0; round < 5_000; round += 1) {
      judged(random.bytes(random.below(64)), ociManifest);
      const flipped = Buffer.from(sound.subarray(0, 1 + random.below(sound.length)));
      flipped.writeUInt8(random.below(256), random.below(flipped.length));
      judged(flipped, ociManifest);
    }
  });
});
