import { expect } from 'chai';
import type { Root, RootState } from '../../../lib/ca/root.ts';
import { parseRoots, rootsText, type Roots } from '../../../lib/ca/roots-text.ts';
import { testRoot } from '../../support/test-certificates.ts';

const rootIn = (state: RootState): Root => ({ ...testRoot(), state });

describe('text of the roots', () => {
  it('comes back as it was, in the order active, next, retiring', () => {
    const [active, next, retiring] = [rootIn('active'), rootIn('next'), rootIn('retiring')];
    const read = parseRoots(rootsText([retiring, active, next]));
    expect(read.map(({ state }) => state)).to.deep.equal(['active', 'next', 'retiring']);
    expect(read.map(({ certificate }) => certificate.raw)).to.deep.equal(
      [active, next, retiring].map(({ certificate }) => certificate.raw),
    );
    expect(read[0].permitted).to.deep.equal(active.permitted);
    expect(read[0].privateKey.equals(active.privateKey)).to.equal(true);
  });

  it('is refused wherever it was cut', () => {
    const text = rootsText([testRoot()]);
    for (let length = 0; length < text.length - 1; length += 37) {
      expect(() => parseRoots(text.slice(0, length)), String(length)).to.throw();
    }
  });

  it('is refused where a bit of the certificate flipped', () => {
    const { certificate, ...rest } = testRoot();
    const text = rootsText([{ ...rest, certificate }]);
    const raw = Buffer.from(certificate.raw);
    raw[raw.length - 20] = (raw[raw.length - 20] ?? 0) ^ 1;
    const pem =
      raw
        .toString('base64')
        .match(/.{1,64}/g)
        ?.join('\\n') ?? '';
    const damaged = text.replace(/(BEGIN CERTIFICATE-----\\n).*?(\\n-----END)/, `$1${pem}$2`);
    expect(damaged).to.not.equal(text);
    expect(() => parseRoots(damaged)).to.throw();
  });

  it('is refused with the key of another root', () => {
    const mixed: Root = { ...testRoot(), privateKey: testRoot().privateKey };
    expect(() => parseRoots(rootsText([mixed]))).to.throw();
  });

  it('is refused without an active root, or with two', () => {
    const wrong: Roots[] = [[rootIn('next')], [rootIn('active'), rootIn('active')]];
    for (const roots of wrong) expect(() => parseRoots(rootsText(roots))).to.throw();
  });
});
