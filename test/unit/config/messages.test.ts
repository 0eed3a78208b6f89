import { expect } from 'chai';
import { z } from 'zod';
import { describeIssue, expected, valueText, wrongValue } from '../../../lib/config/messages.ts';

function messagesOf(schema: z.ZodType, value: unknown): string[] {
  const { error } = schema.safeParse(value, { error: describeIssue });
  return error?.issues.map(({ message }) => message) ?? [];
}

describe('a value in a message', () => {
  const shown: readonly (readonly [value: unknown, text: string])[] = [
    ['10 minutes', '"10 minutes"'],
    ['a\n"b"', '"a\\n\\"b\\""'],
    ['x'.repeat(100), `"${'x'.repeat(60)}…"`],
    [70_000, '70000'],
    [true, 'true'],
    [['a'], 'a list'],
    [{ a: 1 }, 'a mapping'],
  ];
  for (const [value, text] of shown) {
    it(`is shown as ${text.slice(0, 20)}`, () => {
      expect(valueText(value)).to.equal(text);
    });
  }

  it('loses the credentials that were written into a URL', () => {
    for (const url of [
      ...[
        'https://hub:secret@host',
        'https://secret@host',
        'https:hub:secret@host',
        'hub:secret@host',
      ],
      ...['https://hub:se/cret@host', 'https://hub:se@secret@host', 'https://hub:secret@host/x@y'],
    ]) {
      expect(valueText(url), url).to.not.contain('cret');
    }
    expect(valueText('https://host/path')).to.equal('"https://host/path"');
  });
});

describe('the message for a value', () => {
  const words = { wrong: 'is not a size', fix: 'write 5GiB' };

  it('tells it, or that there is none', () => {
    expect(wrongValue('5', words)).to.equal('"5" is not a size; write 5GiB');
    expect(wrongValue(undefined, words)).to.equal('is missing; write 5GiB');
    expect(wrongValue(null, words)).to.equal('has no value; write 5GiB');
    expect(expected(words)({ input: 5 })).to.equal('5 is not a size; write 5GiB');
  });

  const cases: readonly (readonly [schema: z.ZodType, value: unknown, message: RegExp])[] = [
    [z.string(), 5, /^5 is not text; /],
    [z.string(), undefined, /^is missing; /],
    [z.string().min(1), '', /^"" is too short; /],
    [z.string().max(3), 'four', /^"four" is too long; write at most 3 characters$/],
    [z.boolean(), 'yes', /^"yes" is neither true nor false; write true or false$/],
    [z.array(z.string()), 'a', /^"a" is not a list; /],
    [z.array(z.string()), null, /^has no value; /],
    [z.array(z.string()).min(1), [], /^the list is empty; /],
    [z.enum(['a', 'b']), 'c', /^"c" is not among the choices; write one of: a, b$/],
    [z.literal('a'), 'c', /^"c" is not among the choices; write one of: a$/],
    [z.object({}), 'p4ssword', /^is not a mapping of keys to values; /],
    [z.object({}), undefined, /^is missing; /],
    [
      z.strictObject({ a: z.string().optional(), b: z.string().optional() }),
      { c: 1 },
      /^unknown key; .*\(the keys here: a, b\)$/,
    ],
    [z.int(), Infinity, /^Infinity does not fit here; /],
    [z.email(), 'x', /^"x" does not fit here; /],
  ];
  for (const [schema, value, message] of cases) {
    it(`is of our own words: ${message.source}`, () => {
      const [first, ...others] = messagesOf(schema, value);
      expect(first).to.match(message);
      expect(others).to.deep.equal([]);
    });
  }

  it('gives way to the words of the schema', () => {
    expect(messagesOf(z.string({ error: 'is no name' }), 5)).to.deep.equal(['is no name']);
  });
});
