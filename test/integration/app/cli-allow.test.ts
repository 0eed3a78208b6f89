import { expect } from 'chai';
import { GateFolder } from '../../support/app/gate-folder.ts';
import { expectRefusal, type Outcome } from '../../support/app/program.ts';

const list = `# Who may use the mirrors.
deny: close
allow:
  - 127.0.0.1 # this machine
  # the office
  - {cidr: 203.0.113.0/24, label: office, mirrors: [hub]}
  - {cidr: 198.51.100.7, expires: 2020-01-01T00:00:00Z}
# the end
`;

describe('mirrorgate allow', () => {
  let folder: GateFolder;

  const allow = (...rest: readonly string[]): Promise<Outcome> => folder.run('allow', ...rest);
  const json = async (...rest: readonly string[]): Promise<unknown> =>
    JSON.parse((await allow(...rest, '--json')).stdout);
  beforeEach(async () => {
    folder = await GateFolder.create();
    await folder.write('allow-list.yaml', list);
  });
  afterEach(() => folder.close());

  it('list shows every entry with its line', async () => {
    const { exitCode, stdout } = await allow('list');
    expect(exitCode).to.equal(0);
    expect(stdout.split('\n').map((line) => line.trim().split(/ {2,}/))).to.deep.equal([
      ['LINE', 'CIDR', 'LABEL', 'MIRRORS', 'EXPIRES'],
      ['4', '127.0.0.1/32', 'all', 'never'],
      ['6', '203.0.113.0/24', 'office', 'hub', 'never'],
      ['7', '198.51.100.7/32', 'all', 'expired'],
      [''],
    ]);
    const listed = (await json('list')) as { readonly entries: readonly unknown[] };
    expect(listed).to.deep.include({ file: folder.join('allow-list.yaml'), deny: 'close' });
    expect(listed.entries[1]).to.deep.equal({
      cidr: '203.0.113.0/24',
      label: 'office',
      mirrors: ['hub'],
      line: 6,
    });
  });

  it('list says so where nobody is let in', async () => {
    await folder.write('allow-list.yaml', 'allow: []\n');
    expect((await allow('list')).stdout).to.include('lets nobody in');
  });

  it('add writes an entry and keeps every comment', async () => {
    const options = ['--label', 'runner-1', '--mirror', 'hub', '--expires', '2030-01-02T03:04:05Z'];
    const { exitCode, stdout } = await allow('add', '192.0.2.7', ...options);
    expect(exitCode).to.equal(0);
    expect(stdout).to.match(
      /^added: 192\.0\.2\.7\/32, runner-1, for hub, until 2030-01-02T03:04:05/,
    );
    const text = await folder.read('allow-list.yaml');
    for (const line of list.trimEnd().split('\n')) expect(text.split('\n')).to.include(line);
    expect((await allow('test', '192.0.2.7')).exitCode).to.equal(0);
  });

  it('add says what it did to an entry that was there', async () => {
    expect(await json('add', '127.0.0.1')).to.deep.include({ kind: 'unchanged' });
    expect(await json('add', '127.0.0.1', '--label', 'me')).to.deep.include({ kind: 'updated' });
    expect((await folder.read('allow-list.yaml')).match(/127\.0\.0\.1/g)).to.have.length(1);
  });

  it('remove takes an entry away and keeps every comment', async () => {
    const { exitCode, stdout } = await allow('remove', '203.0.113.0/24');
    expect([exitCode, stdout]).to.deep.equal([
      0,
      'removed: 203.0.113.0/24, office, for hub (was line 6)\n',
    ]);
    const text = await folder.read('allow-list.yaml');
    expect(text).to.include('# the office').and.include('# the end').and.not.include('203.0.113');
    expect(await json('remove', '127.0.0.1')).to.have.nested.property('removed[0].line', 4);
  });

  for (const [address, exitCode, texts, more] of [
    ['127.0.0.1', 0, ['allowed', 'allow-list.yaml:4'], []],
    ['203.0.113.9', 0, ['allowed', ':6', 'office'], ['--mirror', 'hub']],
    ['198.51.100.7', 1, ['denied', 'expired', ':7'], []],
    ['192.0.2.1', 1, ['denied', 'no entry'], []],
  ] as const) {
    it(`test says ${texts[0]} of ${address}, by which line, with exit code ${exitCode}`, async () => {
      const [outcome, told] = await Promise.all([
        allow('test', address, ...more),
        json('test', address, ...more),
      ]);
      expect(outcome).to.deep.include({ exitCode, stderr: [] });
      for (const text of texts) expect(outcome.stdout).to.include(text);
      expect(told).to.deep.include({ address, kind: texts[0] });
    });
  }

  it('says what is wrong with an argument in one line, with exit code 2', async () => {
    const wrong = [
      [['add', '300.1.1.1'], '300.1.1.1'],
      [['add', '10.0.0.1/8'], '10.0.0.0/8'],
      [['add', '10.0.0.1', '--mirror', 'none'], '"none" is no mirror'],
      [['add', '10.0.0.1', '--expires', 'soon'], 'soon'],
      [['remove', 'localhost'], 'localhost'],
      [['test', '10.0.0.0/8'], '10.0.0.0/8'],
      [['test', '10.0.0.1', '--mirror', 'none'], '"none" is no mirror'],
    ] as const;
    const outcomes = await Promise.all(wrong.map(([command]) => allow(...command)));
    for (const [index, [, text]] of wrong.entries()) expectRefusal(outcomes[index], 2, [text]);
    expect(await folder.read('allow-list.yaml')).to.equal(list);
  });

  it('says what cannot be done in one line, with exit code 1', async () => {
    expectRefusal(await allow('remove', '203.0.113.9'), 1, [
      'no entry',
      '203.0.113.0/24 on line 6',
    ]);
    expectRefusal(await allow('add', '198.51.100.7'), 1, ['line 7 ran out', '--expires']);
  });

  it('leaves a list with mistakes alone, and names them, with exit code 2', async () => {
    await folder.write('allow-list.yaml', 'allow: [1.2.3.4/8]\n');
    const commands = [['list'], ['add', '10.0.0.1'], ['test', '10.0.0.1']];
    for (const outcome of await Promise.all(commands.map((one) => allow(...one)))) {
      expectRefusal(outcome, 2, ['allow-list.yaml:1:9: ']);
    }
  });
});
