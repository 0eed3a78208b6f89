import { expect } from 'chai';
import { judgeManifest, maxManifestBytes } from '../../../lib/oci/manifest.ts';
import {
  dockerManifest,
  dockerManifestList,
  ociIndex,
  ociManifest,
} from '../../../lib/oci/media-types.ts';
import { errorOf } from '../../support/rejection.ts';

const schema1 = 'application/vnd.docker.distribution.manifest.v1+prettyjws';
const image = { schemaVersion: 2, config: {}, layers: [] };
const index = { schemaVersion: 2, manifests: [] };

function judge(body: unknown, contentType: string = ociManifest): string {
  return judgeManifest(Buffer.from(JSON.stringify(body)), contentType);
}

function refused(text: string | Buffer, contentType: string = ociManifest): string {
  const error = errorOf(() => judgeManifest(Buffer.from(text), contentType));
  expect(error.code).to.equal('MIRRORGATE_CONTENT_INVALID');
  expect(error.message).to.have.length.below(500);
  return error.message;
}

describe('a manifest', () => {
  const accepted: readonly (readonly [what: string, body: unknown, contentType: string])[] = [
    ['an OCI image', image, ociManifest],
    ['an OCI image that names its type', { ...image, mediaType: ociManifest }, ociManifest],
    ['a Docker image', { ...image, mediaType: dockerManifest }, dockerManifest],
    ['an OCI index', index, ociIndex],
    ['a Docker list', { ...index, mediaType: dockerManifestList }, dockerManifestList],
    ['an artifact with a subject', { ...image, subject: {}, annotations: {} }, ociManifest],
    ['an image of schema 1', { schemaVersion: 1, fsLayers: [], history: [] }, schema1],
    ['an image without layers', { config: {} }, ociManifest],
  ];
  for (const [what, body, contentType] of accepted) {
    it(`is served under its own type: ${what}`, () => {
      expect(judge(body, contentType)).to.equal(contentType);
    });
  }

  it('may have parameters and capitals in its Content-Type', () => {
    expect(judge(image, `${ociManifest.toUpperCase()}; charset=utf-8`)).to.equal(ociManifest);
  });

  const ambiguous: readonly (readonly [what: string, text: string, contentType?: string])[] = [
    ['manifests beside layers', '{"manifests":[],"layers":[]}', ociIndex],
    ['manifests beside config', '{"manifests":[],"config":{}}'],
    ['manifests beside fsLayers', '{"manifests":[],"fsLayers":[]}', schema1],
    ['manifests beside null layers', '{"manifests":[],"layers":null}', ociIndex],
    ['another mediaType', `{"mediaType":"${ociIndex}","layers":[]}`],
    ['a mediaType in capitals', `{"mediaType":"${ociManifest.toUpperCase()}","layers":[]}`],
    ['a mediaType of null', '{"mediaType":null,"layers":[]}'],
    ['a mediaType that is a list', `{"mediaType":["${ociManifest}"],"layers":[]}`],
    ['an index called an image', '{"manifests":[]}', ociManifest],
    ['an image called an index', '{"layers":[],"config":{}}', ociIndex],
    ['an image called a Docker list', '{"layers":[]}', dockerManifestList],
    ['nothing of an image', '{"schemaVersion":2}', dockerManifest],
    ['the same key twice', `{"mediaType":"${ociIndex}","mediaType":"${ociManifest}","layers":[]}`],
    ['the same key twice, once escaped', '{"layers":[],"\\u006cayers":[1]}'],
    ['a key that Go reads as manifests', '{"layers":[],"Manifests":[]}'],
    ['a key that Go reads as layers', '{"manifests":[],"LAYERS":[]}', ociIndex],
    ['a long s in layers', '{"manifests":[],"layerſ":[]}', ociIndex],
    ['a key that Go reads as mediaType', `{"layers":[],"MediaType":"${ociIndex}"}`],
  ];
  for (const [what, text, contentType] of ambiguous) {
    it(`is refused that clients read in two ways: ${what}`, () => {
      refused(text, contentType);
    });
  }

  const broken: readonly (readonly [what: string, text: string | Buffer, type?: string])[] = [
    ['empty', ''],
    ['blank', ' \n'],
    ['cut', '{"layers":['],
    ['with something after it', '{"layers":[]}{}'],
    ['a list', '[{"layers":[]}]'],
    ['null', 'null'],
    ['a text', '"layers"'],
    ['a number', '7'],
    ['a page of HTML', '<html><body>Sign in</body></html>', 'text/html'],
    ['with a byte order mark', '\ufeff{"layers":[]}'],
    ['in UTF-16', Buffer.from('{"layers":[]}', 'utf16le')],
    ['with a comment', '{"layers":[] /* none */}'],
    ['without a Content-Type', '{"layers":[]}', ''],
    ['of a Content-Type that is none', '{"layers":[]}', 'manifest'],
  ];
  for (const [what, text, type] of broken) {
    it(`is refused where it is ${what}`, () => {
      refused(text, type);
    });
  }

  it('takes no key from the prototype of objects', () => {
    expect(judge({ ...image, toString: 1 })).to.equal(ociManifest);
    const inherited = '{"__proto__":{"manifests":[]},"layers":[]}';
    expect(judgeManifest(Buffer.from(inherited), ociManifest)).to.equal(ociManifest);
  });

  it('nested as deep as its size allows is refused, and so is such a mediaType', () => {
    const depth = maxManifestBytes / 2 - 64;
    const nested = '['.repeat(depth) + ']'.repeat(depth);
    refused(nested);
    refused(`{"mediaType":${nested},"layers":[]}`);
    refused(`{"mediaType":"${'x'.repeat(maxManifestBytes - 64)}","layers":[]}`);
  });

  it('of the largest size, all of it keys, is judged within seconds', () => {
    const keys = Array.from({ length: 300_000 }, (_, key) => `"${key}":0`);
    const started = performance.now();
    refused(`{${keys.join(',')}}`);
    expect(performance.now() - started).to.be.below(5_000);
  });
});
