import { expect } from 'chai';
import { UpstreamError } from '../../../lib/upstream/errors.ts';
import { redirectTarget } from '../../../lib/upstream/redirects.ts';

const from = new URL('https://registry.test/v2/acme/app/blobs/sha256:0');

function target(location: string | undefined, permitsPlainHttp = false): string {
  return redirectTarget({ from, location, permitsPlainHttp }).href;
}

describe('redirectTarget', () => {
  const followed: readonly (readonly [string, string])[] = [
    ['https://cdn.test/x?sig=1', 'https://cdn.test/x?sig=1'],
    ['/artifacts/x', 'https://registry.test/artifacts/x'],
    ['../blobs/x', 'https://registry.test/v2/acme/app/blobs/x'],
    ['//cdn.test/x', 'https://cdn.test/x'],
    ['https://cdn.test/x#part', 'https://cdn.test/x'],
  ];
  for (const [location, expected] of followed) {
    it(`follows ${location}`, () => expect(target(location)).to.equal(expected));
  }

  const refused = [
    'http://cdn.test/x',
    'ftp://cdn.test/x',
    'file:///etc/passwd',
    'data:text/plain,x',
    'https://user@cdn.test/x',
    'https://user:secret@cdn.test/x',
    'https://:secret@cdn.test/x',
  ];
  for (const location of refused) {
    it(`refuses ${location}`, () => {
      expect(() => target(location))
        .to.throw(UpstreamError)
        .with.property('code', 'MIRRORGATE_UPSTREAM_REFUSED');
    });
  }

  for (const location of [undefined, 'https://', 'https://[::', 'http://256.256.256.256/']) {
    it(`finds no target in ${JSON.stringify(location ?? null)}`, () => {
      expect(() => target(location))
        .to.throw(UpstreamError)
        .with.property('code', 'MIRRORGATE_CONTENT_INVALID');
    });
  }

  it('follows to plain http where the upstream is plain http', () => {
    expect(target('http://cdn.test/x', true)).to.equal('http://cdn.test/x');
  });

  it('shows neither query nor password in its refusal', () => {
    expect(() => target('https://user:secret@cdn.test/x?sig=secret'))
      .to.throw(UpstreamError)
      .with.property('message')
      .that.does.not.include('secret');
  });
});
