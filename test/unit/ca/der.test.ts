import { expect } from 'chai';
import {
  bitString,
  encodeDer,
  integer,
  objectIdentifier,
  sequence,
  tagged,
  taggedBytes,
  time,
  utf8String,
} from '../../../lib/ca/der.ts';

const hex = (der: Parameters<typeof encodeDer>[0]): string => encodeDer(der).toString('hex');

describe('DER writer', () => {
  it('writes integers, object identifiers and bit strings', () => {
    expect(hex(integer(0x02))).to.equal('020102');
    expect(hex(objectIdentifier('1.2.840.10045.4.3.2'))).to.equal('06082a8648ce3d040302');
    expect(hex(bitString(Uint8Array.of(0x06), 1))).to.equal('03020106');
  });

  it('writes context tags around and in place of values', () => {
    expect(hex(tagged(3, sequence()))).to.equal('a3023000');
    expect(hex(taggedBytes(7, Uint8Array.of(192, 0, 2, 1)))).to.equal('8704c0000201');
    expect(hex(taggedBytes(2, new Uint8Array()))).to.equal('8200');
  });

  it('writes text beyond ASCII as UTF-8', () => {
    expect(hex(utf8String('ü'))).to.equal('0c02c3bc');
  });

  it('writes long lengths in their shortest form', () => {
    expect(hex(bitString(new Uint8Array(200))).slice(0, 8)).to.equal('0381c900');
  });

  it('changes from UTCTime to GeneralizedTime with the year 2050', () => {
    expect(encodeDer(time(new Date('2049-12-31T23:59:59Z'))).toString('latin1')).to.equal(
      '\x17\x0d491231235959Z',
    );
    expect(encodeDer(time(new Date('2050-01-01T00:00:00Z'))).toString('latin1')).to.equal(
      '\x18\x0f20500101000000Z',
    );
  });
});
