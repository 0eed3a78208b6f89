import { writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { z } from 'zod';
import { ConfigurationError, type Problem } from '../../../lib/config/problems.ts';
import { findingsOf, keyText, YamlFile, type KeyPath } from '../../../lib/config/yaml-file.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { rejectionOf } from '../../support/rejection.ts';

function problemsOf(error: unknown): readonly Problem[] {
  if (error instanceof ConfigurationError) return error.problems;
  throw error;
}

describe('a file that cannot be read', () => {
  let directory: TemporaryDirectory;

  beforeEach(async () => {
    directory = await TemporaryDirectory.create('yaml-file');
  });
  afterEach(() => directory.close());

  async function problemOf(name: string): Promise<Problem | undefined> {
    return problemsOf(await rejectionOf(YamlFile.read(directory.join(name))))[0];
  }

  it('is told with its path and what to do: it is absent, or a folder', async () => {
    for (const name of ['none.yaml', 'none/none.yaml', '.']) {
      const problem = await problemOf(name);
      expect(problem?.file).to.equal(directory.join(name));
      expect(problem?.line).to.equal(undefined);
      expect(problem?.fix).to.be.a('string');
    }
  });

  it('is no UTF-8, or beyond all size', async () => {
    await writeFile(directory.join('latin1.yaml'), Buffer.from('label: b\xfcro\n', 'latin1'));
    await writeFile(directory.join('utf16.yaml'), Buffer.from('\ufeffa: b', 'utf16le'));
    await writeFile(directory.join('huge.yaml'), Buffer.alloc(33 * 1024 * 1024, '#'));
    expect((await problemOf('latin1.yaml'))?.message).to.contain('UTF-8');
    expect((await problemOf('utf16.yaml'))?.message).to.contain('UTF-8');
    expect((await problemOf('huge.yaml'))?.message).to.contain('32 MiB');
  });
});

describe('a YAML file', () => {
  it('may be JSON, have a byte order mark, Windows lines, or nothing in it', () => {
    expect(new YamlFile('x', '{"a": [1, {"b": null}]}').value()).to.deep.equal({
      a: [1, { b: null }],
    });
    expect(new YamlFile('x', '\ufeffa: 1\r\nb: 2\r\n').value()).to.deep.equal({ a: 1, b: 2 });
    for (const text of ['', '\n', '# only a comment\n', '---\n']) {
      expect(new YamlFile('x', text).value()).to.equal(null);
    }
  });

  it('may name a value once and use it again', () => {
    const text = 'a: &hosts [x, y]\nb: *hosts\n';
    expect(new YamlFile('x', text).value()).to.deep.equal({ a: ['x', 'y'], b: ['x', 'y'] });
  });

  const text = [
    'log: {level: info}',
    'mirrors:',
    '  - docker.io',
    '  - registry: ghcr.io',
    '    hosts: [a, b]',
    '5: x',
    '"a b":',
    '  c: &x {}',
  ].join('\n');
  const places: readonly (readonly [path: KeyPath, line: number, column: number])[] = [
    [['log'], 1, 1],
    [['log', 'level'], 1, 7],
    [['mirrors'], 2, 1],
    [['mirrors', 0], 3, 5],
    [['mirrors', 1], 4, 5],
    [['mirrors', 1, 'hosts', 1], 5, 16],
    [['mirrors', 1, 'ports', 0], 4, 5],
    [['mirrors', 7, 'x'], 2, 1],
    [['5'], 6, 1],
    [['a b', 'c'], 8, 3],
    [['a b', 'c', 'd'], 8, 3],
    [['none'], 1, 1],
    [[], 1, 1],
  ];
  for (const [path, line, column] of places) {
    it(`has ${keyText(path) || 'its whole'} at ${line}:${column}`, () => {
      const problem = new YamlFile('x', text).locate({ path, message: 'm', fix: 'f' });
      expect(problem).to.deep.equal({
        file: 'x',
        line,
        column,
        key: keyText(path),
        message: 'm',
        fix: 'f',
      });
    });
  }

  it('that is empty has its faults at its beginning', () => {
    expect(new YamlFile('x', '').locate({ path: ['a'], message: 'm' })).to.deep.equal({
      file: 'x',
      line: 1,
      column: 1,
      key: 'a',
      message: 'm',
    });
  });
});

describe('a key', () => {
  it('is told as in a program, and on one line', () => {
    expect(keyText(['mirrors', 0, 'hosts', 1])).to.equal('mirrors[0].hosts[1]');
    expect(keyText([0, 'a'])).to.equal('[0].a');
    expect(keyText([])).to.equal('');
    expect(keyText(['a', 'b\n\u001b[31m'])).to.equal('a["b\\n\\u001b[31m"]');
  });
});

describe('the findings in an error', () => {
  const union = z.union([
    z.string(),
    z.strictObject({ a: z.int({ error: 'is no number; write 1' }) }),
  ]);

  function findings(schema: z.ZodType, value: unknown): (string | undefined)[][] {
    const { error } = schema.safeParse(value);
    if (error === undefined) throw new TypeError('accepted');
    return findingsOf(error).map(({ path, message, fix }) => [keyText(path), message, fix]);
  }

  it('are those of the alternative that was meant', () => {
    expect(findings(z.strictObject({ x: union }), { x: { a: 'b' } })).to.deep.equal([
      ['x.a', 'is no number', 'write 1'],
    ]);
  });

  it('are those of a union that has words of its own', () => {
    const worded = z.union([z.string(), z.int()], { error: 'is neither; write one' });
    expect(findings(worded, {})).to.deep.equal([['', 'is neither', 'write one']]);
  });

  it('name each unknown key', () => {
    const found = findings(z.strictObject({}), { a: 1, b: 2 });
    expect(found.map(([key]) => key)).to.deep.equal(['a', 'b']);
    expect(found[0]?.[1]).to.equal('unknown key');
  });

  it('keep a semicolon of the value in the message', () => {
    const schema = z.string().refine(() => false, { error: '"a; b" is wrong; write c' });
    expect(findings(schema, 'a; b')).to.deep.equal([['', '"a; b" is wrong', 'write c']]);
  });

  it('are told once each', () => {
    const error = 'is wrong; write 5';
    const schema = z.int({ error }).min(5, { error }).multipleOf(5, { error });
    expect(findings(schema, 1)).to.deep.equal([['', 'is wrong', 'write 5']]);
  });
});
