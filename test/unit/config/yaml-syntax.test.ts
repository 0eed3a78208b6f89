import { expect } from 'chai';
import { ConfigurationError, problemText, type Problem } from '../../../lib/config/problems.ts';
import { YamlFile } from '../../../lib/config/yaml-file.ts';

function problemsOf(text: string): readonly Problem[] {
  try {
    new YamlFile('x.yaml', text).value();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  throw new TypeError('it was read');
}

describe('a text that is no YAML', () => {
  const faults: readonly (readonly [what: string, text: string, place: string, told: RegExp])[] = [
    ['a key twice', 'a: 1\nb: 2\na: 3\n', '3:1', /the key a stands here a second time/],
    ['a key twice in JSON', '{"a": 1, "a b": 2, "a b": 3}', '1:20', /the key "a b" /],
    ['a key twice, deeper', 'a:\n  - b: 1\n    b: 2\n', '3:5', /the key b /],
    ['a tab before a key', 'a:\n\tb: 1\n', '2:1', /tab.*spaces/],
    ['two documents', 'a: 1\n---\nb: 2\n', '2:1', /second document/],
    ['a tag', 'a: !env HUB\n', '1:4', /tag.*quotes/],
    ['a bracket left open', 'a: [1, 2\nb: 3\n', '2:1', /brackets/],
    ['a quote left open', 'a: "b\n', '2:1', /quote/],
    ['a key deeper than its sister', 'a: 1\n b: 2\n', '1:4', /indentation/],
    ['a key less deep than its sister', 'x:\n  a: 1\n b: 2\n', '3:1', /indentation|column/],
    ['two colons', 'a: b: c\n', '1:4', /indentation/],
    ['an at sign', 'a: @b\n', '1:4', /quotes/],
    ['an escape that is none', 'a: "\\q"\n', '1:5', /escape/],
    ['JSON without a comma', '{"a": 1 "b": 2}', '1:7', /brackets/],
    ['a list and then a key', '- a\nb: 1\n', '2:1', /indentation/],
    ['another version of YAML', '%YAML 9.9\n---\na: 1\n', '1:7', /version/],
    ['an alias without anchor', 'a: 1\nb: *c\n', '2:4', /no anchor &c /],
    ['an alias before its anchor', 'a: *b\nc: &b 1\n', '1:4', /no anchor &b /],
  ];
  for (const [what, text, place, told] of faults) {
    it(`is told where and how: ${what}`, () => {
      const [problem, ...others] = problemsOf(text);
      expect(problem && problemText(problem)).to.match(told);
      expect(`${problem?.line ?? 0}:${problem?.column ?? 0}`).to.equal(place);
      expect(problem?.fix).to.be.a('string');
      expect(others).to.deep.equal([]);
    });
  }

  it('is told with every fault, but one for each line', () => {
    const lines = problemsOf('a: 1\na: 2\nb: "\\q \\r \\w"\nc: !x 1\na: 5\n').map(
      ({ line }) => line,
    );
    expect(lines).to.have.members([2, 3, 4, 5]);
  });

  it('is told every alias without anchor', () => {
    expect(problemsOf('a: *x\nb: [*y, *x]\n').map(({ line }) => line)).to.deep.equal([1, 2, 2]);
  });

  it('is cut short before its aliases fill the memory', () => {
    const levels = Array.from({ length: 30 }, (_, level) => {
      const below = level === 0 ? 'x' : `*l${level - 1}`;
      return `l${level}: &l${level} [${Array.from({ length: 9 }, () => below).join(', ')}]`;
    });
    const started = performance.now();
    const [problem] = problemsOf(levels.join('\n'));
    expect(problem?.message).to.contain('aliases');
    expect(performance.now() - started).to.be.below(2_000);
  });

  const deep: readonly (readonly [what: string, text: string])[] = [
    ['open lists', '['.repeat(100_000)],
    ['lists', '['.repeat(20_000) + ']'.repeat(20_000)],
    ['maps', '{"a":'.repeat(20_000) + '1' + '}'.repeat(20_000)],
    ['dashes', '- '.repeat(20_000)],
    ['lines', Array.from({ length: 3_000 }, (_, at) => `${' '.repeat(at)}a:`).join('\n')],
  ];
  for (const [what, text] of deep) {
    it(`is refused in one line where it is nested too deeply: ${what}`, () => {
      const [problem, ...others] = problemsOf(text);
      expect(problem?.message).to.contain('nested too deeply');
      expect(others).to.deep.equal([]);
    });
  }
});
