import { expect } from 'chai';
import { resolveRange, tryRange } from '../../../lib/net/byte-range.ts';

/** `first-last` of the bytes that a header selects of so many, 416, or 200 where it is ignored. */
function answer(header: string | undefined, sizeBytes: number): string {
  const spec = tryRange(header);
  if (spec === undefined) return '200';
  const range = resolveRange(spec, sizeBytes);
  return range === undefined ? '416' : `${range.first}-${range.last}`;
}

describe('a Range header on 1000 bytes', () => {
  const cases: readonly (readonly [header: string, selected: string])[] = [
    ['bytes=0-', '0-999'],
    ['bytes=0-0', '0-0'],
    ['bytes=0-999', '0-999'],
    ['bytes=0-1000', '0-999'],
    ['bytes=500-', '500-999'],
    ['bytes=999-', '999-999'],
    ['bytes=999-5000', '999-999'],
    ['bytes=007-009', '7-9'],
    ['bytes=-1', '999-999'],
    ['bytes=-1000', '0-999'],
    ['bytes=-5000', '0-999'],
    ['BYTES=1-2', '1-2'],
    ['bytes= \t1-2 \t', '1-2'],
    ['bytes=1000-', '416'],
    ['bytes=1000-2000', '416'],
    ['bytes=-0', '416'],
    ['bytes=-000', '416'],
  ];
  for (const [header, selected] of cases) {
    it(`"${header}" selects ${selected}`, () => {
      expect(answer(header, 1000)).to.equal(selected);
    });
  }

  const ignored = [
    ...['bytes=2-1', 'bytes=', 'bytes=-', 'bytes=a-b', 'bytes=1', 'bytes=1-2-3', 'bytes=--1'],
    ...['bytes=0-1,5-6', 'bytes=0-1,', 'bytes=,0-1', 'bytes=0-0,-1', 'bytes=1 -2', 'bytes=1- 2'],
    ...['bytes =0-1', ' bytes=0-1', 'byte=0-1', 'items=0-1', '0-1', 'bytes:0-1', 'bytes=0x1-2'],
    ...['bytes=+1-2', 'bytes=1.5-2', 'bytes=1e2-', 'bytes=-1-', 'bytes=١-٢', 'bytes=0-1\n', ''],
  ];
  for (const header of ignored) {
    it(`${JSON.stringify(header)} is ignored, and the whole is answered`, () => {
      expect(answer(header, 1000)).to.equal('200');
    });
  }

  it('that is absent asks for the whole', () => {
    expect(tryRange(undefined)).to.equal(undefined);
  });

  it('with numbers beyond all counting overflows nothing', () => {
    const huge = '9'.repeat(400);
    expect(answer(`bytes=10-${huge}`, 1000)).to.equal('10-999');
    expect(answer('bytes=10-18446744073709551615', 1000)).to.equal('10-999');
    expect(answer(`bytes=-${huge}`, 1000)).to.equal('0-999');
    expect(answer(`bytes=${huge}-`, 1000)).to.equal('416');
    expect(answer(`bytes=${huge}-${huge}`, 1000)).to.equal('416');
    expect(answer(`bytes=${'0'.repeat(400)}5-6`, 1000)).to.equal('5-6');
    expect(answer(`bytes=${huge}-5`, 1000)).to.equal('200');
  });

  it('selects nothing of nothing', () => {
    for (const header of ['bytes=0-', 'bytes=0-0', 'bytes=-1']) {
      expect(answer(header, 0)).to.equal('416');
    }
  });

  it('selects no byte outside, whatever is asked', () => {
    const numbers = ['', '0', '1', '8', '9', '10', '11', '9'.repeat(30)];
    for (const size of [0, 1, 9, 10]) {
      for (const first of numbers) {
        for (const last of numbers) {
          const spec = tryRange(`bytes=${first}-${last}`);
          const range = spec && resolveRange(spec, size);
          if (range === undefined) continue;
          expect(range.first).to.be.within(0, range.last);
          expect(range.last).to.be.below(size);
        }
      }
    }
  });
});
