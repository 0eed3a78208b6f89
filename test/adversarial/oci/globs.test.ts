import { expect } from 'chai';
import { globMatcher } from '../../../lib/oci/glob.ts';
import { SeededRandom } from '../../support/edge/seeded-random.ts';

/** The longest name there is, and whatever a glob can ask of it. */
const longest = 255;

function took(work: () => unknown): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}

/** The meaning of a glob as a regular expression: slow for hostile ones, right for all. */
function oracle(glob: string, text: string): boolean {
  const source = glob
    .split(/(\*+)/)
    .map((part) => {
      if (part.startsWith('*')) return part === '*' ? '[^/]*' : '[^]*';
      return part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
    })
    .join('');
  return new RegExp(`^${source}$`).test(text);
}

describe('hostile globs', () => {
  const hostile: readonly (readonly [glob: string, text: string])[] = [
    [`${'*a'.repeat(120)}b`, 'a'.repeat(longest)],
    [`${'**a'.repeat(80)}b`, 'a'.repeat(longest)],
    ['*'.repeat(longest), 'a'.repeat(longest)],
    [`${'*/'.repeat(120)}x`, 'a/'.repeat(127)],
    [`${'**/'.repeat(80)}x`, 'a/'.repeat(127)],
    [`${'*-*.'.repeat(60)}!`, '-.'.repeat(127)],
  ];
  for (const [glob, text] of hostile) {
    it(`as ${glob.slice(0, 8)}… of ${glob.length} characters cost no time`, () => {
      const isMatch = globMatcher([glob]);
      expect(took(() => isMatch(text))).to.be.below(500);
    });
  }

  it('cost in proportion to the text', () => {
    const isMatch = globMatcher(['*a*a*a*a*a*a*b']);
    isMatch('a'.repeat(20_000));
    const short = took(() => isMatch('a'.repeat(20_000)));
    const long = took(() => isMatch('a'.repeat(200_000)));
    expect(long).to.be.below(40 * Math.max(short, 5));
  });

  it('of 20 000 random ones match what a regular expression matches', () => {
    const random = SeededRandom.announced('globs');
    const text = (alphabet: readonly string[]): string =>
      Array.from({ length: random.below(9) }, () => random.pick(alphabet)).join('');
    for (let round = 0; round < 20_000; round += 1) {
      const glob = text(['a', 'b', '/', '.', '*', '*', '**']);
      const name = text(['a', 'b', 'a', '/', '.', '*']);
      expect(globMatcher([glob])(name), `${glob} of ${name}`).to.equal(oracle(glob, name));
    }
  });
});
