import { expect } from 'chai';
import { maxRepositoryLength, tryRepositoryName, tryTag } from '../../../lib/oci/names.ts';

describe('a repository name', () => {
  const accepted = [
    ...['alpine', 'library/alpine', 'a', '0', 'a/b/c/d/e/f', 'acme/app-name', 'a.b', 'a_b', 'a__b'],
    ...['a-b', 'a---b', 'a.b_c-d__e/f', '127.0.0.1/app', 'ghcr.io/acme/app', 'x/layout/blobs'],
    'a'.repeat(maxRepositoryLength),
    'a/'.repeat(127) + 'a',
  ];
  for (const name of accepted) {
    it(`is ${name.slice(0, 40)}`, () => {
      expect(tryRepositoryName(name)).to.equal(name);
    });
  }

  const refused = [
    ...['', '/', '/a', 'a/', 'a//b', '.', '..', '../a', 'a/..', 'a/../b', './a', 'a/.', '.a', 'a.'],
    ...['_a', 'a_', '-a', 'a-', 'a..b', 'a___b', 'a._b', 'a/_blobs', 'a/_tags/x', 'A', 'Library/a'],
    ...['a b', 'a%2fb', 'a\\b', 'a\0', 'a\n', 'a\r\nb', 'ä', 'а', 'a:b', 'a@b', 'a+b', 'a~b', 'a*'],
    'a'.repeat(maxRepositoryLength + 1),
  ];
  for (const name of refused) {
    it(`is not ${JSON.stringify(name.slice(0, 40))}`, () => {
      expect(tryRepositoryName(name)).to.equal(undefined);
    });
  }
});

describe('a tag', () => {
  for (const tag of ['latest', 'v1.2.3', '_', '1', 'A-b_C.d', 'a..b', 'a'.repeat(128)]) {
    it(`is ${tag.slice(0, 40)}`, () => {
      expect(tryTag(tag)).to.equal(tag);
    });
  }

  const refused = [
    ...['', '.', '..', '.hidden', '-dash', 'a/b', 'a b', 'a:b', 'a+b', 'a\n', 'a\0', '../x', 'ü'],
    'a'.repeat(129),
  ];
  for (const tag of refused) {
    it(`is not ${JSON.stringify(tag.slice(0, 40))}`, () => {
      expect(tryTag(tag)).to.equal(undefined);
    });
  }
});
