import { expect } from 'chai';
import { instantText, tryExpiry, tryInstant } from '../../../lib/access/expiry.ts';

const now = new Date('2026-11-01T10:00:00.250Z');

describe('the expiry of an entry', () => {
  const meant: readonly (readonly [string, string])[] = [
    ['2026-12-31T18:00:00Z', '2026-12-31T18:00:00Z'],
    ['2026-12-31T18:00:00.5Z', '2026-12-31T18:00:00.500Z'],
    ['2026-12-31T18:00:00+02:00', '2026-12-31T16:00:00Z'],
    ['2026-12-31T18:00:00-05:30', '2026-12-31T23:30:00Z'],
    ['2026-12-31', '2027-01-01T00:00:00Z'],
    ['2028-02-29', '2028-03-01T00:00:00Z'],
    ['12h', '2026-11-01T22:00:01Z'],
    ['7d', '2026-11-08T10:00:01Z'],
    ['1.5h', '2026-11-01T11:30:01Z'],
  ];
  for (const [written, instant] of meant) {
    it(`of ${written} is ${instant}`, () => {
      expect(instantText(tryExpiry(written, now) ?? new Date(NaN))).to.equal(instant);
    });
  }

  const refused = [
    ...['', 'never', 'tomorrow', '2026', '2026-12', '31.12.2026', '12/31/2026', '1798761600'],
    ...['2026-02-30', '2026-13-01', '2027-02-29', '2026-12-31T18:00:00', '2026-12-31 18:00:00Z'],
    ...['2026-12-31T24:00:00Z', '2026-12-31T18:00:60Z', '2026-12-31T18:00:00z', '-7d', '7', '7w'],
    ...['7 d', '1e3d', '99999999999d', '3000000d'],
  ];
  for (const written of refused) {
    it(`is refused as "${written}"`, () => {
      expect(tryExpiry(written, now)).to.equal(undefined);
    });
  }

  it('in a file is no duration: nobody knows when it began', () => {
    expect(tryInstant('7d')).to.equal(undefined);
  });
});
