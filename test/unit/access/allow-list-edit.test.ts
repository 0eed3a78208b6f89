import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { addEntry, removeEntry, type AddOutcome } from '../../../lib/access/allow-list-edit.ts';
import { readAllowList } from '../../../lib/access/allow-list-file.ts';
import type { EntryRequest } from '../../../lib/access/entry-request.ts';
import { rejectionOf } from '../../support/rejection.ts';

const now = new Date('2026-11-01T00:00:00Z');
const knownNames = ['hub', 'ghcr'];

const text = `# runners
allow:
  - {cidr: 203.0.113.7, label: runner-1} # the old one
  # two scopes
  - {cidr: 198.51.100.0/24, mirrors: [hub, ghcr]}
  - {cidr: 198.51.100.0/24, mirrors: [hub], expires: 2026-12-01T00:00:00Z}
  - {cidr: 192.0.2.1, expires: 2026-10-01}
  - "::1"
`;

describe('an edit of the allow-list', () => {
  let directory: string;
  let path: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'allow-list-edit-'));
    path = join(directory, 'allow-list.yaml');
    await writeFile(path, text);
  });
  afterEach(() => rm(directory, { recursive: true }));

  const add = (request: EntryRequest): Promise<AddOutcome> =>
    addEntry({ path, knownNames, now }, request);
  const remove = (cidr: string) => removeEntry({ path, knownNames }, cidr);

  async function expectRefusal(edit: () => Promise<unknown>, code: string): Promise<void> {
    const before = await readFile(path, 'utf8');
    const error = await rejectionOf(edit());
    expect(error.code).to.equal(code);
    expect(await readFile(path, 'utf8')).to.equal(before);
    expect(await readdir(directory)).to.deep.equal(['allow-list.yaml']);
  }

  it('adds an entry and tells where it stands', async () => {
    const outcome = await add({
      cidr: '10.0.0.0/8',
      label: 'lab',
      mirrors: ['hub'],
      expires: '7d',
    });
    expect(outcome).to.deep.equal({
      kind: 'added',
      entry: {
        cidr: '10.0.0.0/8',
        label: 'lab',
        mirrors: ['hub'],
        expires: new Date('2026-11-08T00:00:00Z'),
        line: 9,
      },
    });
    const line =
      '  - {cidr: 10.0.0.0/8, label: lab, mirrors: [hub], expires: 2026-11-08T00:00:00Z}\n';
    expect(await readFile(path, 'utf8')).to.equal(text + line);
    expect((await readAllowList(path, { knownNames })).entries.at(-1)).to.deep.equal(outcome.entry);
  });

  it('opens every mirror where it names none', async () => {
    const { entry } = await add({ cidr: '10.0.0.1', mirrors: [] });
    expect(entry.mirrors).to.equal(undefined);
  });

  it('updates the entry of the same block and scope', async () => {
    const { kind, entry } = await add({
      cidr: '203.0.113.7/32',
      label: 'r1',
      expires: '2026-11-30',
    });
    expect(kind).to.equal('updated');
    expect(entry).to.include({ label: 'r1', line: 3 });
    const now = '{cidr: 203.0.113.7, expires: 2026-12-01T00:00:00Z, label: r1} # the old one';
    expect(await readFile(path, 'utf8')).to.equal(
      text.replace('{cidr: 203.0.113.7, label: runner-1} # the old one', now),
    );
  });

  it('keeps what the request leaves out', async () => {
    const { kind, entry } = await add({ cidr: '198.51.100.0/24', mirrors: ['hub'], label: 'x' });
    expect(kind).to.equal('updated');
    expect(entry.expires).to.deep.equal(new Date('2026-12-01T00:00:00Z'));
    const { entry: other } = await add({
      cidr: '198.51.100.0/24',
      mirrors: ['ghcr', 'hub'],
      label: 'y',
    });
    expect(other).to.include({ line: 5, label: 'y' });
  });

  it('gives labels to an address that stands alone', async () => {
    await add({ cidr: '::1', label: 'loopback' });
    expect(await readFile(path, 'utf8')).to.equal(
      text.replace('"::1"', '{cidr: "::1/128", label: loopback}'),
    );
  });

  it('says so where nothing is to be changed, and leaves the file', async () => {
    expect(await add({ cidr: '203.0.113.7', label: 'runner-1' })).to.deep.include({
      kind: 'unchanged',
    });
    expect(await readFile(path, 'utf8')).to.equal(text);
  });

  it('adds a second entry where the block is listed for other mirrors', async () => {
    expect((await add({ cidr: '203.0.113.7', mirrors: ['hub'] })).kind).to.equal('added');
  });

  it('does not revive an entry that ran out without a new expiry', async () => {
    await expectRefusal(() => add({ cidr: '192.0.2.1', label: 'x' }), 'MIRRORGATE_ACCESS_EXPIRED');
    expect((await add({ cidr: '192.0.2.1', expires: '1d' })).entry.expires).to.deep.equal(
      new Date('2026-11-02T00:00:00Z'),
    );
  });

  it('refuses wrong requests before it touches the file', async () => {
    const wrong: readonly EntryRequest[] = [
      { cidr: '10.0.0.1/8' },
      { cidr: '' },
      { cidr: '::1', label: 'a\nb' },
      { cidr: '::1', mirrors: ['npm'] },
      { cidr: '::1', expires: 'soon' },
      { cidr: '::1', expires: '0s' },
      { cidr: '::1', expires: '2026-10-31' },
    ];
    for (const request of wrong) {
      await expectRefusal(() => add(request), 'MIRRORGATE_ACCESS_ARGUMENT');
    }
    await expectRefusal(() => remove('203.0.113.7/24'), 'MIRRORGATE_ACCESS_ARGUMENT');
  });

  it('never makes the file invalid', async () => {
    await expectRefusal(() => add({ cidr: '0.0.0.0/0' }), 'MIRRORGATE_CONFIG_INVALID');
    await writeFile(path, 'deny: maybe\nallow: []\n');
    await expectRefusal(() => add({ cidr: '10.0.0.1' }), 'MIRRORGATE_CONFIG_INVALID');
    await writeFile(path, 'allow: [');
    await expectRefusal(() => add({ cidr: '10.0.0.1' }), 'MIRRORGATE_CONFIG_INVALID');
  });

  it('removes every entry of a block, and no other', async () => {
    const removed = await remove('198.51.100.0/24');
    expect(removed.map(({ line }) => line)).to.deep.equal([5, 6]);
    expect(await readFile(path, 'utf8')).to.equal(text.replace(/ {2}- \{cidr: 198.*\n/g, ''));
  });

  it('removes all entries, one after the other, and can begin anew', async () => {
    for (const cidr of ['::1', '203.0.113.7', '192.0.2.1', '198.51.100.0/24']) await remove(cidr);
    expect(await readFile(path, 'utf8')).to.equal('# runners\nallow: []\n  # two scopes\n');
    expect((await add({ cidr: '10.0.0.1' })).entry.line).to.equal(3);
  });

  it('removes an entry that made the file invalid', async () => {
    await writeFile(path, 'allow:\n  - {cidr: "::1", mirrors: [gone]}\n  - ::2\n');
    await remove('::1');
    expect(await readFile(path, 'utf8')).to.equal('allow:\n  - ::2\n');
  });

  it('does not remove what is not listed, and names what overlaps it', async () => {
    await expectRefusal(() => remove('10.0.0.1'), 'MIRRORGATE_ACCESS_NOT_LISTED');
    const error = await rejectionOf(remove('198.51.100.7'));
    expect(error.hint).to.include('198.51.100.0/24').and.to.include('line 5');
  });

  it('does not remove what a file of ranges lists, and names its line', async () => {
    await writeFile(join(directory, 'ranges.txt'), '# cloud\n10.0.0.0/8\n');
    await writeFile(path, 'allow:\n  - {file: ranges.txt}\n');
    const error = await rejectionOf(remove('10.0.0.0/8'));
    expect(error.code).to.equal('MIRRORGATE_ACCESS_NOT_LISTED');
    expect(error.hint).to.include(join(directory, 'ranges.txt')).and.to.include('line 2');
  });

  it('gives up where it would change more than was meant', async () => {
    const label = () => add({ cidr: '10.0.0.1', label: 'x' });
    const odd: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['allow:\n  - &a {cidr: 10.0.0.1}\n  - *a\n', label],
      ['allow:\n  - cidr: 10.0.0.1\n    label: >-\n      folded\n  - ::2\n', label],
      ['? allow\n: - 10.0.0.1\n', () => remove('10.0.0.1')],
      ['--- {}\n', label],
      ['deny: http\n...\n', label],
    ];
    for (const [written, edit] of odd) {
      await writeFile(path, written);
      await expectRefusal(edit, 'MIRRORGATE_ACCESS_EDIT');
    }
  });
});
