import { expect } from 'chai';
import { tryAppendEntry, tryChangeEntry, tryRemoveEntry } from '../../../lib/access/list-edit.ts';

const entry = { cidr: '2001:db8::/48', label: 'a, b', mirrors: ['hub'] };
const written = '{cidr: "2001:db8::/48", label: "a, b", mirrors: [hub]}';

/** Every way of keeping comments around a list of lines that operators have. */
const commented = `# head
allow: # who may come in
  # above the first
  - {cidr: 10.0.0.1, label: one} # own of one
  # between

  - # - behind the dash
    cidr: 10.0.0.2   # own of two
    label:   'two'
  -   10.0.0.3 # own of three
  # after the last

# below
deny:   http
`;

describe('the text of an allow-list', () => {
  describe('with an entry more', () => {
    const cases: readonly (readonly [how: string, before: string, after: string])[] = [
      [
        'has it on the line after the last one',
        commented,
        commented.replace('own of three\n', `own of three\n  - ${written}\n`),
      ],
      [
        'keeps the line ends of Windows',
        'allow:\r\n- ::1\r\n',
        `allow:\r\n- ::1\r\n- ${written}\r\n`,
      ],
      ['needs no last line end', 'allow:\n  - ::1', `allow:\n  - ::1\n  - ${written}`],
      ['has it in place of []', 'allow: [] # c\n# d\n', `allow: # c\n  - ${written}\n# d\n`],
      ['has it in place of null', 'allow: ~\n', `allow:\n  - ${written}\n`],
      ['has it where nothing was', 'allow:\n  # c\n', `allow:\n  - ${written}\n  # c\n`],
      ['has it where no list was', 'deny: http', `deny: http\nallow:\n  - ${written}`],
      ['has it where nothing at all was', '# c\n', `# c\nallow:\n  - ${written}\n`],
      ['has it in brackets', 'allow: ["::1"] # c\n', `allow: ["::1", ${written}] # c\n`],
      ['keeps a last comma', 'allow: ["::1",]\n', `allow: ["::1", ${written},]\n`],
      ['keeps comments in brackets', 'allow: [ # c\n]\n', `allow: [${written} # c\n]\n`],
      [
        'has a line of its own in brackets where the last one has',
        'allow: [\n  "::1" # c\n]\n',
        `allow: [\n  "::1", # c\n  ${written}\n]\n`,
      ],
    ];
    for (const [how, before, after] of cases) {
      it(how, () => expect(tryAppendEntry(before, entry)).to.equal(after));
    }

    it('is JSON where it was JSON', () => {
      for (const text of ['{"allow": []}', '{"allow":null}', '{\n"allow": [\n  "::1"\n]\n}\n']) {
        const parsed: unknown = JSON.parse(tryAppendEntry(text, entry) ?? '');
        expect(parsed).to.have.property('allow').that.deep.includes(entry);
      }
    });

    it('is given up where the list is none', () => {
      for (const text of ['{}', '[]', 'allow: foo', 'allow: {a: b}', 'allow: *x', '7']) {
        expect(tryAppendEntry(text, entry), text).to.equal(undefined);
      }
    });
  });

  describe('with an entry less', () => {
    const inBrackets = 'allow: [\n  "::1", # one\n  # about two\n  "::2" # two\n]\n';
    const cases: readonly (readonly [string, string, number, string])[] = [
      [
        'loses its own comment alone',
        commented,
        0,
        commented.replace('  - {cidr: 10.0.0.1, label: one} # own of one\n', ''),
      ],
      [
        'loses every line of it',
        commented,
        1,
        commented.replace(/ {2}- # - behind.*\n.*\n.*\n/, ''),
      ],
      ['keeps what is after the last', commented, 2, commented.replace(/ {2}- {3}10.*\n/, '')],
      ['says that nobody is left', 'allow: # c\n  - ::1 # d\n', 0, 'allow: [] # c\n'],
      ['says so on the last line', 'allow:\n- ::1', 0, 'allow: []\n'],
      ['keeps the line ends of Windows', 'allow:\r\n- ::1\r\n- ::2\r\n', 0, 'allow:\r\n- ::2\r\n'],
      ['has one comma less', 'allow: ["::1", "::2"]\n', 0, 'allow: ["::2"]\n'],
      ['has no comma before it', 'allow: ["::1", "::2"]\n', 1, 'allow: ["::1"]\n'],
      ['keeps a last comma', 'allow: ["::1", "::2",]\n', 1, 'allow: ["::1", ]\n'],
      ['has empty brackets', 'allow: ["::1"]\n', 0, 'allow: []\n'],
      ['has one line less in brackets', inBrackets, 0, inBrackets.replace('  "::1", # one\n', '')],
      [
        'needs no comma before what is gone',
        inBrackets,
        1,
        'allow: [\n  "::1" # one\n  # about two\n]\n',
      ],
      ['loses its comment in brackets', 'allow: ["::1", # one\n  "::2"]', 0, 'allow: [\n  "::2"]'],
      ['knows commas that lead', 'allow: [ "::1"\n , "::2"\n ]', 1, 'allow: [ "::1"\n ]'],
    ];
    for (const [how, before, index, after] of cases) {
      it(how, () => expect(tryRemoveEntry(before, index)).to.equal(after));
    }

    it('is as before once it was added', () => {
      const texts = [commented, 'allow: []\n', 'allow: ["::1"]', '{"allow": ["::1"]}'];
      for (const [text, index] of texts.map(
        (one, place) => [one, [3, 0, 1, 1][place] ?? 0] as const,
      )) {
        expect(tryRemoveEntry(tryAppendEntry(text, entry) ?? '', index)).to.equal(text);
      }
    });

    it('is given up where there is no such entry', () => {
      for (const text of ['allow: []', 'allow:', 'deny: http', '', commented]) {
        expect(tryRemoveEntry(text, 3)).to.equal(undefined);
      }
    });
  });

  describe('with an entry changed', () => {
    const changed = { label: 'x: y', expires: '2027-01-01T00:00:00Z' };
    const whole = { cidr: '10.0.0.3/32', ...changed };
    const cases: readonly (readonly [string, number, string, string])[] = [
      [
        'in braces',
        0,
        '{cidr: 10.0.0.1, label: one}',
        '{cidr: 10.0.0.1, expires: 2027-01-01T00:00:00Z, label: "x: y"}',
      ],
      [
        'on lines',
        1,
        "# own of two\n    label:   'two'",
        '# own of two\n    expires: 2027-01-01T00:00:00Z\n    label:   "x: y"',
      ],
      [
        'alone',
        2,
        '10.0.0.3 #',
        '{cidr: 10.0.0.3/32, label: "x: y", expires: 2027-01-01T00:00:00Z} #',
      ],
    ];
    for (const [how, index, before, after] of cases) {
      it(`${how} has the new keys and is otherwise as before`, () => {
        const text = tryChangeEntry(commented, { index, entry: whole, changed });
        expect(text).to.equal(commented.replace(before, after));
      });
    }

    it('is JSON where it was JSON', () => {
      const text = '{"allow": [{"cidr": "10.0.0.3/32", "label": "old"}]}';
      const after = tryChangeEntry(text, { index: 0, entry: whole, changed });
      expect(JSON.parse(after ?? '')).to.deep.equal({ allow: [whole] });
    });
  });
});
