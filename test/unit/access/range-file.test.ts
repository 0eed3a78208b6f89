import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { readAllowList } from '../../../lib/access/allow-list-file.ts';
import { buildAllowList, type AllowListData } from '../../../lib/access/allow-list.ts';
import { parseRanges } from '../../../lib/access/range-file.ts';
import { ConfigurationError, type Problem } from '../../../lib/config/problems.ts';
import { addressText, type AddressBytes } from '../../../lib/net/address.ts';
import { cidrContains, cidrText, maskAddress } from '../../../lib/net/cidr.ts';
import { SeededRandom } from '../../support/edge/seeded-random.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { errorOf, rejectionOf } from '../../support/rejection.ts';

const now = new Date('2026-11-01T00:00:00Z');

function problemsOf(error: Error): readonly Problem[] {
  if (error instanceof ConfigurationError) return error.problems;
  throw error;
}

describe('a file of ranges', () => {
  let directory: TemporaryDirectory;

  beforeEach(async () => {
    directory = await TemporaryDirectory.create('ranges');
  });
  afterEach(() => directory.close());

  const read = (onRangeFile?: (path: string) => void): Promise<AllowListData> =>
    readAllowList(directory.join('allow-list.yaml'), {
      knownNames: ['hub', 'ghcr'],
      ...(onRangeFile === undefined ? {} : { onRangeFile }),
    });
  const write = (name: string, text: string): Promise<void> =>
    writeFile(directory.join(name), text);

  it('stands in the list as an entry a line, each with the label, mirrors and expiry of all', async () => {
    await mkdir(directory.join('ranges'));
    await write(
      'ranges/cloud.txt',
      '# of the provider\r\n203.0.113.0/24 # fsn\n\n 2001:db8::/32\n',
    );
    await write(
      'allow-list.yaml',
      `allow:
  - 10.0.0.1
  - {file: ranges/cloud.txt, label: cloud, mirrors: [hub], expires: 2026-12-31T00:00:00Z}
  - 10.0.0.2
`,
    );
    const { entries } = await read();
    const file = directory.join('ranges/cloud.txt');
    const terms = { label: 'cloud', mirrors: ['hub'], expires: new Date('2026-12-31T00:00:00Z') };
    expect(entries.map(({ cidr }) => cidr)).to.deep.equal([
      '10.0.0.1/32',
      '203.0.113.0/24',
      '2001:db8::/32',
      '10.0.0.2/32',
    ]);
    expect(entries[1]).to.deep.equal({ cidr: '203.0.113.0/24', line: 2, file, ...terms });
    expect(entries[2]).to.deep.equal({ cidr: '2001:db8::/32', line: 4, file, ...terms });
  });

  it('is named before it is read, wrong or not, so that it can be watched', async () => {
    await write('allow-list.yaml', 'allow: [{file: absent.txt}]\n');
    const named: string[] = [];
    const [problem] = problemsOf(await rejectionOf(read((path) => named.push(path))));
    expect(named).to.deep.equal([directory.join('absent.txt')]);
    expect(problem?.file).to.equal(directory.join('absent.txt'));
  });

  it('is read through a symbolic link', async () => {
    await write('one.txt', '10.0.0.0/8\n');
    await symlink('one.txt', directory.join('current.txt'));
    await write('allow-list.yaml', 'allow: [{file: current.txt}]\n');
    expect((await read()).entries).to.have.length(1);
  });

  it('is refused with the line of everything in it that is no block', () => {
    const text =
      '10.0.0.0/8\n10.0.0.1/8\n010.0.0.1\n0.0.0.0/0\n::/0\nexample.test\n1.1.1.1, 1.1.1.2';
    const problems = problemsOf(errorOf(() => parseRanges('cloud.txt', text)));
    expect(problems.map(({ file, line }) => `${file}:${line}`)).to.deep.equal(
      [2, 3, 4, 5, 6, 7].map((line) => `cloud.txt:${line}`),
    );
    for (const { fix } of problems) expect(fix).to.be.a('string');
  });

  it('is refused with its first wrong lines where all are wrong', () => {
    const text = '{"prefixes": []}\n'.repeat(1_000);
    expect(problemsOf(errorOf(() => parseRanges('cloud.json', text)))).to.have.length(20);
  });

  it('is refused with the place of what is wrong about it in the list', async () => {
    for (const written of [
      '{file: 7}',
      '{file: ""}',
      '{file: a.txt, cidr: 10.0.0.1}',
      '{file: a.txt, mirrors: [npm]}',
      '{file: a.txt, port: 1}',
    ]) {
      await write('allow-list.yaml', `allow:\n  - ${written}\n`);
      const problems = problemsOf(await rejectionOf(read()));
      expect(
        problems.map(({ line }) => line),
        written,
      ).to.deep.equal([2]);
    }
  });

  it('of 100 000 blocks is decided as by looking at each of them', async function () {
    this.timeout(60_000);
    const random = new SeededRandom(6);
    const address = (): AddressBytes => Uint8Array.from([0, 0, 0, 0], () => random.below(256));
    const blocks = Array.from({ length: 100_000 }, () => {
      const prefixLength = 16 + random.below(17);
      return { network: maskAddress(address(), prefixLength), prefixLength };
    });
    await write('cloud.txt', blocks.map(cidrText).join('\n'));
    await write('allow-list.yaml', 'allow: [{file: cloud.txt}]\n');
    const list = buildAllowList(await read());
    expect(list.entries).to.have.length(100_000);
    let letIn = 0;
    for (let count = 0; count < 300; count += 1) {
      // Half of them near a block: at its first address, or beside it.
      const near = random.pick(blocks).network;
      const asked = count % 2 === 0 ? address() : near.with(3, random.below(256));
      const around = blocks.filter((block) => cidrContains(block, asked));
      const admission = list.lookup(asked, now);
      expect(admission?.entries.length ?? 0, addressText(asked)).to.equal(around.length);
      expect(admission !== undefined).to.equal(around.length > 0);
      if (admission !== undefined) letIn += 1;
    }
    expect(letIn).to.be.within(30, 270);
  });
});
