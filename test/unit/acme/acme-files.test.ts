import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect } from 'chai';
import { acmeFiles, type AcmeStore } from '../../../lib/acme/acme-files.ts';
import type { AccountRecord } from '../../../lib/acme/account-record.ts';
import { caName, setName } from '../../../lib/acme/identifiers.ts';
import { emptyRecord } from '../../../lib/acme/issuance-record.ts';
import { makePrivateKey, privateKeyText } from '../../../lib/acme/certificate-request.ts';
import { accountPaths, issuancePath } from '../../../lib/certificates/certs-layout.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { rejectionOf } from '../../support/rejection.ts';

const ca = 'https://ca.example.test/directory';

describe('acmeFiles', () => {
  const logger = recordedLog();
  const names = ['hub.example.test', '192.0.2.7'];
  let top: TemporaryDirectory;
  let directory: string;
  let store: AcmeStore;
  let account: AccountRecord;

  beforeEach(async () => {
    top = await TemporaryDirectory.create('acme-files');
    directory = top.join('certs');
    store = acmeFiles({ directory, clock: new ManualClock(), logger });
    const privateKeyPem = privateKeyText(await makePrivateKey('p256'));
    account = { version: 1, directory: ca, privateKeyPem, url: `${ca}/1` };
  });
  afterEach(() => top.close());

  it('has nothing at first', async () => {
    expect(await store.loadAccount(ca)).to.equal(undefined);
    expect(await store.loadRecord(names)).to.equal(undefined);
  });

  it('keeps accounts and records, for this user alone', async () => {
    const attempts = {
      ...{ failures: 2, failedValidations: 1, lastError: 'x' },
      nextAt: new Date('2026-11-02T00:00:00Z'),
    };
    await store.saveAccount(account);
    await store.saveRecord({ ...emptyRecord(names), attempts });
    expect(await store.loadAccount(ca)).to.deep.equal(account);
    expect((await store.loadRecord(names.toReversed()))?.attempts).to.deep.equal(attempts);
    for (const name of await readdir(directory, { recursive: true })) {
      const { mode } = await stat(`${directory}/${name}`);
      expect(mode & 0o077, name).to.equal(0);
    }
  });

  it('goes on with the account before where the latest is damaged', async () => {
    await store.saveAccount(account);
    await store.saveAccount({ ...account, email: 'ops@example.com' });
    await writeFile(accountPaths(directory, caName(ca)).current, '{');
    expect(await store.loadAccount(ca)).to.deep.equal(account);
  });

  it('makes no account anew in the place of a damaged one', async () => {
    await store.saveAccount(account);
    await writeFile(accountPaths(directory, caName(ca)).current, '{');
    const error = await rejectionOf(store.loadAccount(ca));
    expect(error.code).to.equal('MIRRORGATE_ACME_ACCOUNT');
    expect(error.hint).to.contain('backup');
  });

  it('forgets a record that is damaged, and says so', async () => {
    await store.saveRecord(emptyRecord(names));
    const { file } = issuancePath(directory, setName(names));
    for (const text of ['', '{', '{"version":2}', JSON.stringify(emptyRecord(['other.test']))]) {
      await writeFile(file, text);
      expect(await store.loadRecord(names), text).to.equal(undefined);
    }
    expect(logger.entries.map(({ event }) => event)).to.include('ACME record damaged');
  });

  it('tells where it cannot write, and leaves what was there', async () => {
    await store.saveRecord(emptyRecord(names));
    const { file } = issuancePath(directory, setName(names));
    const before = await readFile(file, 'utf8');
    const other = issuancePath(directory, setName(['other.test']));
    await mkdir(other.file, { recursive: true });
    const error = await rejectionOf(store.saveRecord(emptyRecord(['other.test'])));
    expect(error.code).to.equal('MIRRORGATE_ACME_STORE');
    expect(error.message).to.contain(other.file);
    expect(await readFile(file, 'utf8')).to.equal(before);
    expect(dirname(file)).to.equal(other.directory);
  });
});
