import { expect } from 'chai';
import { readFile, writeFile } from 'node:fs/promises';
import { readBudgetFile, writeBudgetFile } from '../../../lib/budget/ledger-file.ts';
import { Ledger } from '../../../lib/budget/ledger.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';

describe('budget file', () => {
  let directory: TemporaryDirectory;
  let path: string;

  beforeEach(async () => {
    directory = await TemporaryDirectory.create('budget');
    path = directory.join('bandwidth.json');
  });
  afterEach(() => directory.close());

  it('brings back what was written, private to its user', async () => {
    const ledger = new Ledger({ resetDay: 1, timeZone: 'UTC' }, new Date());
    ledger.add({ client: '192.0.2.1', mirror: 'hub', repository: 'a/b', bytes: 7 });
    const budget = { ledger: ledger.record(), reading: { bootId: 'one', sentBytes: 5 } };
    await writeBudgetFile(path, budget);
    expect(await readBudgetFile(path)).to.deep.equal({ kind: 'kept', budget });
  });

  it('is absent before the first time', async () => {
    expect(await readBudgetFile(path)).to.deep.equal({ kind: 'absent' });
  });

  for (const [what, text] of [
    ['cut short', '{"version":1,"ledger":{"startMs"'],
    ['of negative sums', '{"version":1,"ledger":{"startMs":1,"sentBytes":-1}}'],
    ['of another version', '{"version":2}'],
  ] as const) {
    it(`is set aside where it is ${what}`, async () => {
      await writeFile(path, text);
      const found = await readBudgetFile(path);
      expect(found).to.deep.equal({ kind: 'damaged', asidePath: `${path}.damaged` });
      expect(await readFile(`${path}.damaged`, 'utf8')).to.equal(text);
      expect((await readBudgetFile(path)).kind).to.equal('absent');
    });
  }
});
