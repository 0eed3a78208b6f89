import { expect } from 'chai';
import { fileSpanText, tryFileSpan } from '../../../lib/net/internal-headers.ts';

describe('the span of a file', () => {
  it('is read as it was written', () => {
    const span = { first: 5, last: 9, sizeBytes: 10 };
    expect(tryFileSpan(fileSpanText(span))).to.deep.equal(span);
  });

  for (const text of ['', '0-9', '5-4/10', '0-10/10', '-1-4/10', '0-4/1e3', 'a-b/c', undefined]) {
    it(`is none in ${String(text)}`, () => {
      expect(tryFileSpan(text)).to.equal(undefined);
    });
  }
});
