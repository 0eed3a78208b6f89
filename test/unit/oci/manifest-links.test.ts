import { expect } from 'chai';
import { digestOf } from '../../../lib/oci/digest.ts';
import { manifestLinks, type ManifestLinks } from '../../../lib/oci/manifest-links.ts';

const [config, first, second] = ['config', 'first', 'second'].map((text) =>
  digestOf(Buffer.from(text)),
);

function linksOf(body: unknown): ManifestLinks {
  return manifestLinks(Buffer.from(JSON.stringify(body)));
}

describe('what a manifest points at', () => {
  it('is config and layers of an image, in order', () => {
    const body = { config: { digest: config }, layers: [{ digest: first }, { digest: second }] };
    expect(linksOf(body)).to.deep.equal({ blobs: [config, first, second], manifests: [] });
  });

  it('is the manifests of an index, with the platforms that it names', () => {
    const arm = { os: 'linux', architecture: 'arm64', variant: 'v8' };
    const manifests = [
      { digest: first, platform: { os: 'linux', architecture: 'amd64' } },
      { digest: second, platform: arm },
      { digest: config },
      { digest: config, platform: { os: 'linux' } },
    ];
    expect(linksOf({ manifests })).to.deep.equal({
      blobs: [],
      manifests: [
        { digest: first, platform: 'linux/amd64' },
        { digest: second, platform: 'linux/arm64/v8' },
        { digest: config, platform: undefined },
        { digest: config, platform: undefined },
      ],
    });
  });

  it('is nothing where there are no descriptors', () => {
    const nothing = { blobs: [], manifests: [] };
    for (const body of [
      ...[{}, [], null, 5, 'x', { config: null, layers: 'x', manifests: {} }],
      { config: { digest: 'sha256:../x' }, layers: [null, 5, { digest: 5 }, {}, [first]] },
      { manifests: [null, { digest: 'latest' }], __proto__: { layers: [{ digest: first }] } },
    ]) {
      expect(linksOf(body), JSON.stringify(body)).to.deep.equal(nothing);
    }
  });

  it('cannot be told of what is no JSON', () => {
    expect(() => manifestLinks(Buffer.from('{'))).to.throw(SyntaxError);
  });
});
