import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { buildAllowList, type AllowListData } from '../../../lib/access/allow-list.ts';
import { readAllowList } from '../../../lib/access/allow-list-file.ts';
import { ConfigurationError, type Problem } from '../../../lib/config/problems.ts';
import { tryAddress } from '../../../lib/net/address.ts';
import { parsedList } from '../../support/edge/test-allow-list.ts';
import { errorOf, rejectionOf } from '../../support/rejection.ts';

const knownNames = ['hub', 'ghcr', 's3'];

function parse(text: string): AllowListData {
  return parsedList(text, knownNames);
}

function problemsOf(error: Error): readonly Problem[] {
  if (error instanceof ConfigurationError) return error.problems;
  throw error;
}

/** `line:column key` of every problem. */
function placesIn(text: string): string[] {
  const problems = problemsOf(errorOf(() => parse(text)));
  for (const { fix, key } of problems) expect(fix, key).to.be.a('string');
  return problems.map(({ line, column, key }) => `${line}:${column} ${key}`.trimEnd());
}

function isOpenTo(data: AllowListData, address: string, name: string): boolean {
  const admission = buildAllowList(data).lookup(tryAddress(address), new Date());
  return admission?.permits(name) ?? false;
}

describe('the allow-list file', () => {
  it('says who comes in, with the lines of its entries', () => {
    const data = parse(`# who
allow:
  - 203.0.113.7 # alone

  - {cidr: "2001:db8:42::/48", label: fsn, mirrors: [hub, s3], expires: 2026-12-31T00:00:00Z}
  - cidr: 10.0.0.0/8
    label: "10"
deny: http
`);
    expect(data.deny).to.equal('http');
    expect(data.entries).to.deep.equal([
      { cidr: '203.0.113.7/32', label: undefined, mirrors: undefined, expires: undefined, line: 3 },
      {
        cidr: '2001:db8:42::/48',
        label: 'fsn',
        mirrors: ['hub', 's3'],
        expires: new Date('2026-12-31T00:00:00Z'),
        line: 5,
      },
      { cidr: '10.0.0.0/8', label: '10', mirrors: undefined, expires: undefined, line: 6 },
    ]);
  });

  it('may be JSON', () => {
    const data = parse('{"allow": [{"cidr": "::1"}, "127.0.0.1"]}');
    expect(data.entries.map(({ cidr }) => cidr)).to.deep.equal(['::1/128', '127.0.0.1/32']);
  });

  it('that names nobody lets nobody in', () => {
    for (const text of ['allow: []', 'allow:', 'allow: null', 'allow:\n  # - 10.0.0.1\n']) {
      expect(parse(text), text).to.deep.equal({ deny: 'close', entries: [], certificates: [] });
    }
  });

  it('that is empty, cut or something else is refused', () => {
    const texts = ['', '# nothing', 'deny: http', '[]', '- 10.0.0.1', 'allow', '7', 'null', '---'];
    for (const text of texts) expect(placesIn(text), text).to.have.length(1);
  });

  it('that is missing or unreadable is refused', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'allow-list-'));
    try {
      for (const path of [join(directory, 'absent.yaml'), directory]) {
        expect(
          problemsOf(await rejectionOf(readAllowList(path, { knownNames: [] }))),
        ).to.have.length(1);
      }
      const path = join(directory, 'allow-list.yaml');
      await writeFile(path, 'allow: [127.0.0.1]\n');
      expect((await readAllowList(path, { knownNames: [] })).entries).to.have.length(1);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('tells every problem at once, each with its place', () => {
    const text = `allow:
  - 010.0.0.1
  - {cidr: 10.0.0.1/8, label: ""}
  - {cidr: 10.0.0.0/8, mirrors: [hub, npm]}
  - label: lost
  - cidr: ::1
    until: tomorrow
  - 0.0.0.0/0
deny: maybe
alow: []
`;
    expect(placesIn(text)).to.deep.equal([
      '2:5 allow[0]',
      '3:6 allow[1].cidr',
      '3:24 allow[1].label',
      '4:39 allow[2].mirrors[1]',
      '5:5 allow[3]',
      '7:5 allow[4].until',
      '8:5 allow[5]',
      '9:1 deny',
      '10:1 alow',
    ]);
  });

  it('tells problems of its own keys', () => {
    expect(placesIn('allow: 10.0.0.1')).to.deep.equal(['1:1 allow']);
    expect(placesIn('allow: {cidr: 10.0.0.1}')).to.deep.equal(['1:1 allow']);
    expect(placesIn('allow: []\nallowAll: yes')).to.deep.equal(['2:1 allowAll']);
    expect(placesIn('allow: []\ndeny: drop')).to.deep.equal(['2:1 deny']);
  });

  it('with broken YAML or an alias to nothing is refused', () => {
    for (const text of ['allow: [', 'allow: []\nallow: []', 'allow: [*who]', 'allow:\n\t- ::1']) {
      expect(placesIn(text), text).not.to.deep.equal([]);
    }
  });

  it('names the known mirrors where one is not known', () => {
    const text = 'allow: [{cidr: "::1", mirrors: [npm]}]';
    const [problem] = problemsOf(errorOf(() => parse(text)));
    expect(problem?.fix).to.include('hub, ghcr, s3');
  });

  describe('with a block twice', () => {
    it('is refused where both entries name the same mirrors', () => {
      const texts = [
        'allow:\n  - 10.0.0.1\n  - {cidr: 10.0.0.1/32, label: again}',
        'allow:\n  - {cidr: "::1", mirrors: [hub, s3]}\n  - {cidr: "0::1", mirrors: [s3, hub]}',
      ];
      for (const text of texts) expect(placesIn(text)).to.deep.equal(['3:5 allow[1]']);
    });

    it('is fine where their mirrors differ: each may expire at its own time', () => {
      const data = parse(`allow:
  - {cidr: 10.0.0.1, mirrors: [hub]}
  - {cidr: 10.0.0.1, mirrors: [s3], expires: 2999-01-01}
`);
      expect(isOpenTo(data, '10.0.0.1', 'hub')).to.equal(true);
      expect(isOpenTo(data, '10.0.0.1', 's3')).to.equal(true);
      expect(isOpenTo(data, '10.0.0.1', 'ghcr')).to.equal(false);
    });
  });

  describe('for the whole internet', () => {
    it('needs allowAll: true', () => {
      expect(placesIn('allow: [0.0.0.0/0]')).to.deep.equal(['1:9 allow[0]']);
      expect(placesIn('allow: ["::/0"]\nallowAll: false')).to.deep.equal(['1:9 allow[0]']);
      const [problem] = problemsOf(errorOf(() => parse('allow: [0.0.0.0/0]')));
      expect(problem?.fix).to.include('allowAll: true');
    });

    it('opens everything to everyone by allowAll: true alone, and says by which line', () => {
      for (const text of ['allowAll: true', 'allowAll: true\nallow: [10.0.0.1]']) {
        const data = parse(text);
        expect(isOpenTo(data, '198.51.100.1', 's3')).to.equal(true);
        expect(isOpenTo(data, '2001:db8::1', 's3')).to.equal(true);
        expect(data.entries.at(-1)).to.include({ label: 'allowAll', line: 1 });
      }
    });

    it('opens no more than its own entries say, where it has some', () => {
      const data = parse('allowAll: true\nallow: [{cidr: 0.0.0.0/0, mirrors: [hub]}, 10.0.0.1]');
      expect(isOpenTo(data, '198.51.100.1', 'hub')).to.equal(true);
      expect(isOpenTo(data, '198.51.100.1', 's3')).to.equal(false);
      expect(isOpenTo(data, '10.0.0.1', 's3')).to.equal(true);
      expect(isOpenTo(data, '2001:db8::1', 'hub')).to.equal(false);
    });
  });

  it('names client certificates, in whole or by their name alone', () => {
    const { certificates } = parse(
      'allow: []\ncertificates:\n  - vm-1\n  - {name: vm-2, label: spare, mirrors: [hub]}\n',
    );
    const terms = { label: undefined, mirrors: undefined, expires: undefined };
    expect(certificates).to.deep.equal([
      { name: 'vm-1', ...terms, line: 3 },
      { name: 'vm-2', ...terms, label: 'spare', mirrors: ['hub'], line: 4 },
    ]);
  });

  it('refuses certificates with a mistake, and says where', () => {
    for (const [text, key] of [
      ['certificates: vm-1', 'certificates'],
      ['certificates: [VM.1]', 'certificates[0]'],
      ['certificates: [{name: -vm}]', 'certificates[0].name'],
      ['certificates: [{name: vm-1, cidr: 10.0.0.1}]', 'certificates[0].cidr'],
      ['certificates: [{label: vm-1}]', 'certificates[0].name'],
      ['certificates: [{name: vm-1, mirrors: [nope]}]', 'certificates[0].mirrors[0]'],
      ['certificates: [vm-1, {name: vm-1}]', 'certificates[1]'],
    ] as const) {
      const problems = problemsOf(errorOf(() => parse(`allow: []\n${text}`)));
      expect(
        problems.map((problem) => problem.key),
        text,
      ).to.deep.equal([key]);
    }
  });

  it('that is shipped as an example is valid and lets nobody in', async () => {
    const example = join(import.meta.dirname, '../../../config/allow-list.yaml');
    expect(await readAllowList(example, { knownNames: [] })).to.deep.equal({
      deny: 'close',
      entries: [],
      certificates: [],
    });
  });
});
