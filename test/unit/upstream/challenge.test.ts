import { expect } from 'chai';
import { parseChallenges, type Challenge } from '../../../lib/upstream/challenge.ts';

function parsed(...lines: string[]): readonly Challenge[] {
  const result = parseChallenges(lines);
  if (result.kind === 'malformed') throw new Error(result.reason);
  return result.challenges;
}

function plain({ scheme, parameters, token68 }: Challenge): unknown {
  return [scheme, Object.fromEntries(parameters), token68];
}

describe('parseChallenges', () => {
  it("reads Docker Hub's challenge", () => {
    const line =
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/alpine:pull"';
    expect(parsed(line).map(plain)).to.deep.equal([
      [
        'bearer',
        {
          realm: 'https://auth.docker.io/token',
          service: 'registry.docker.io',
          scope: 'repository:library/alpine:pull',
        },
        undefined,
      ],
    ]);
  });

  it('keeps commas and escapes inside quoted strings', () => {
    const [challenge] = parsed(
      String.raw`Bearer scope="repository:a/b:pull,push",note="a \"b\" \\c, d"`,
    );
    expect(challenge?.parameters.get('scope')).to.equal('repository:a/b:pull,push');
    expect(challenge?.parameters.get('note')).to.equal(String.raw`a "b" \c, d`);
  });

  const forms: readonly (readonly [string, string, readonly unknown[]])[] = [
    [
      'several challenges in one line',
      'Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple"',
      [
        ['newauth', { realm: 'apps', type: '1', title: 'Login to "apps"' }, undefined],
        ['basic', { realm: 'simple' }, undefined],
      ],
    ],
    [
      'a scheme alone before another',
      'Negotiate, Basic realm=x',
      [
        ['negotiate', {}, undefined],
        ['basic', { realm: 'x' }, undefined],
      ],
    ],
    ['token68', 'Negotiate YII+/ab==', [['negotiate', {}, 'YII+/ab==']]],
    [
      'token68 before another challenge',
      'Negotiate abc= , BASIC Realm="x"',
      [
        ['negotiate', {}, 'abc='],
        ['basic', { realm: 'x' }, undefined],
      ],
    ],
    ['blanks around equals signs', 'Basic realm =\t"x"', [['basic', { realm: 'x' }, undefined]]],
    ['empty list elements', ', ,Basic realm="x",, ,', [['basic', { realm: 'x' }, undefined]]],
    ['an empty value', 'Bearer scope=""', [['bearer', { scope: '' }, undefined]]],
    ['nothing', '', []],
  ];
  for (const [name, line, expected] of forms) {
    it(`reads ${name}`, () => {
      expect(parsed(line).map(plain)).to.deep.equal(expected);
    });
  }

  it('joins the challenges of several header lines', () => {
    expect(parsed('Basic realm="x"', 'Bearer realm="y"').map(({ scheme }) => scheme)).to.deep.equal(
      ['basic', 'bearer'],
    );
  });

  const malformed = [
    '"quoted"',
    'Bearer realm="unclosed',
    'Bearer realm="a" service="b"',
    'Bearer realm="a", realm="b"',
    'Bearer realm="a", REALM="b"',
    'Bearer realm=a b',
    'Bearer "x"',
    'Bearer realm=https://a.example/token',
    'Bearer realm="a\u0000b"',
    'Bearer\trealm="x"',
    '=',
  ];
  for (const line of malformed) {
    it(`says what is wrong with ${JSON.stringify(line)}`, () => {
      const result = parseChallenges([line]);
      expect(result.kind).to.equal('malformed');
    });
  }

  it('never throws and always ends, whatever comes', () => {
    const alphabet = 'Bearer Basic realm="x",=\\ \t"token68==/+;:@é\u0000';
    const random = generator(20261101);
    let wellFormed = 0;
    for (let round = 0; round < 50_000; round += 1) {
      const length = Math.floor(random() * 40);
      const line = Array.from({ length }, () => alphabet.charAt(random() * alphabet.length)).join(
        '',
      );
      const result = parseChallenges([line]);
      if (result.kind === 'challenges') wellFormed += 1;
    }
    expect(wellFormed).to.be.greaterThan(100);
  });

  it('reads back whatever can be written', () => {
    const random = generator(7);
    const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
    for (let round = 0; round < 5_000; round += 1) {
      const challenges = Array.from({ length: 1 + Math.floor(random() * 3) }, () => ({
        scheme: pick(['bearer', 'basic', 'x-1', 'negotiate']),
        values: Array.from({ length: 1 + Math.floor(random() * 3) }, (_, index) => [
          `p${index}`,
          pick(['x', '', 'a,b', 'say "hi"', 'back\\slash', 'é=ü', 'Basic realm="y", z', ' ']),
        ]),
      }));
      const line = challenges
        .map(({ scheme, values }) => {
          const written = values.map(([name, value = '']) => {
            const isToken = /^[\w-]+$/.test(value) && random() < 0.5;
            const text = isToken ? value : `"${value.replace(/["\\]/g, '\\$&')}"`;
            return `${name ?? ''}${pick(['=', ' = '])}${text}`;
          });
          return `${random() < 0.5 ? scheme.toUpperCase() : scheme} ${written.join(pick([',', ', ', ' ,\t']))}`;
        })
        .join(pick([',', ', ', ' , ,']));
      const expected = challenges.map(({ scheme, values }) => [
        scheme,
        Object.fromEntries(values) as unknown,
        undefined,
      ]);
      expect(parsed(line).map(plain), line).to.deep.equal(expected);
    }
  });
});

/** A seeded generator (mulberry32), so that a failure can be seen again. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
