import { expect } from 'chai';
import { isCovered, subtreeText } from '../../../lib/ca/name-subtrees.ts';
import { nameSubtree } from '../../../lib/config/scalars.ts';

const covered = (inner: string, ...outer: string[]): boolean =>
  isCovered(
    nameSubtree.parse(inner),
    outer.map((text) => nameSubtree.parse(text)),
  );

describe('name subtrees', () => {
  it('cover their own zone and the zones below it', () => {
    expect(covered('example.test', 'example.test')).to.equal(true);
    expect(covered('a.b.example.test', 'example.test')).to.equal(true);
    expect(covered('test', 'example.test')).to.equal(false);
    expect(covered('badexample.test', 'example.test')).to.equal(false);
  });

  it('cover narrower blocks of their own address family', () => {
    expect(covered('192.0.2.7', '192.0.2.0/24')).to.equal(true);
    expect(covered('192.0.2.0/24', '192.0.2.0/24')).to.equal(true);
    expect(covered('192.0.2.0/23', '192.0.2.0/24')).to.equal(false);
    expect(covered('192.0.3.1', '192.0.2.0/24')).to.equal(false);
    expect(covered('2001:db8::1', '0.0.0.0/0')).to.equal(false);
    expect(covered('2001:db8::1', '2001:db8::/48')).to.equal(true);
  });

  it('never cover an address by a zone, nor a zone by a block', () => {
    expect(covered('192.0.2.1', 'example.test')).to.equal(false);
    expect(covered('example.test', '0.0.0.0/0', '::/0')).to.equal(false);
  });

  it('are written as in the configuration', () => {
    for (const text of ['example.test', '192.0.2.0/24', '2001:db8::/48']) {
      expect(subtreeText(nameSubtree.parse(text))).to.equal(text);
    }
    expect(subtreeText(nameSubtree.parse('192.0.2.1'))).to.equal('192.0.2.1/32');
  });
});
