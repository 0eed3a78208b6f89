import { expect } from 'chai';
import { globMatcher } from '../../../lib/oci/glob.ts';

describe('a glob', () => {
  const cases: readonly (readonly [glob: string, matches: string[], others: string[]])[] = [
    ['library/alpine', ['library/alpine'], ['library/alpine2', 'alpine', 'library/alpin', '']],
    ['library/*', ['library/alpine', 'library/a-b.c'], ['library', 'library/a/b', 'xlibrary/a']],
    ['acme/**', ['acme/a', 'acme/a/b/c'], ['acme', 'acmee/a', 'x/acme/a']],
    ['**', ['a', 'a/b', ''], []],
    ['*', ['a', ''], ['a/b']],
    ['**/app', ['acme/app', 'a/b/app', '/app'], ['app', 'acme/app2']],
    ['*/*', ['a/b'], ['a', 'a/b/c']],
    ['***', ['a/b/c'], []],
    ['v*.*.*', ['v1.2.3', 'v1.2.3.4', 'v..'], ['v1.2', '1.2.3', 'v1.2-3']],
    ['a*b*', ['ab', 'axbx', 'abb'], ['a', 'ba', 'xab']],
    ['*a*b', ['ab', 'aab', 'xaxb', 'abab'], ['aba', 'b', 'a/b']],
    ['a.b+c?[d](e)|f^$', ['a.b+c?[d](e)|f^$'], ['axb+c?[d](e)|f^$', 'a.bbc']],
    ['a\\d', ['a\\d'], ['a1']],
    ['', [''], ['a']],
    ['a**', ['a', 'a*', 'a**', 'a/*/b'], ['b*']],
  ];
  for (const [glob, matches, others] of cases) {
    it(`"${glob}" matches ${JSON.stringify(matches)} and not ${JSON.stringify(others)}`, () => {
      const isMatch = globMatcher([glob]);
      expect(matches.filter((text) => !isMatch(text))).to.deep.equal([]);
      expect(others.filter((text) => isMatch(text))).to.deep.equal([]);
    });
  }

  it('of several is enough', () => {
    const isMatch = globMatcher(['library/*', 'acme/app']);
    expect(['library/a', 'acme/app', 'acme/b'].map(isMatch)).to.deep.equal([true, true, false]);
  });

  it('of none matches nothing', () => {
    expect(globMatcher([])('a')).to.equal(false);
  });
});
