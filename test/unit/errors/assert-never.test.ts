import { expect } from 'chai';
import { assertNever } from '../../../lib/errors/assert-never.ts';

describe('assertNever', () => {
  it('tells the case that reached it at run time', () => {
    expect(() => assertNever({ kind: 'forgotten' } as never)).to.throw(TypeError, '"forgotten"');
  });
});
