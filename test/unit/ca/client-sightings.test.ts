import { readFile, stat, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { ClientSightings, clientsPath } from '../../../lib/ca/client-sightings.ts';
import { fingerprint } from '../../../lib/certificates/certificate-facts.ts';
import { rotatingStates } from '../../support/ca/test-authority.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { dayMs, testStart } from '../../support/test-certificates.ts';

const { idle, prepared } = rotatingStates();
const incoming = fingerprint(prepared.roots[1]?.certificate ?? prepared.roots[0].certificate);
const at = (ms: number): Date => new Date(testStart.getTime() + ms);
const long = at(-dayMs);

describe('what is known of the clients', () => {
  let scratch: TemporaryDirectory;
  let clock: ManualClock;
  let log: ReturnType<typeof recordedLog>;
  let sightings: ClientSightings;

  const open = async (): Promise<ClientSightings> => {
    const opened = await ClientSightings.open({ directory: scratch.path, clock, logger: log });
    for (const { bundleVersion, roots } of [idle, prepared]) {
      opened.published({ version: bundleVersion, roots });
    }
    return opened;
  };
  const reasons = (since = long): string[] =>
    sightings.lacking(incoming, since).map(({ address, reason }) => `${address}: ${reason}`);
  const seen = { address: '192.0.2.1', label: 'runner-1' };

  beforeEach(async () => {
    scratch = await TemporaryDirectory.create('sightings');
    clock = new ManualClock();
    log = recordedLog();
    sightings = await open();
  });
  afterEach(async () => {
    await sightings.close();
    await scratch.close();
  });

  it('names those that never fetched the bundle', () => {
    sightings.note([{ ...seen, acceptedAt: at(0) }]);
    expect(reasons()).to.deep.equal(['192.0.2.1: never fetched the bundle']);
    expect(sightings.lacking(incoming, long)[0]).to.deep.include({
      label: 'runner-1',
      lastSeen: at(0),
    });
  });

  it('names those that fetched it before the new root was in it', () => {
    sightings.note([{ ...seen, fetchedAt: at(0), fetchedVersion: idle.bundleVersion }]);
    expect(reasons()).to.have.length(1);
    sightings.note([{ ...seen, fetchedAt: at(1), fetchedVersion: prepared.bundleVersion }]);
    expect(reasons()).to.deep.equal([]);
  });

  it('names those that refuse our certificate, until they take one', () => {
    sightings.note([{ ...seen, fetchedAt: at(0), fetchedVersion: prepared.bundleVersion }]);
    sightings.note([{ ...seen, refusedAt: at(1) }]);
    expect(reasons()).to.have.length(1);
    sightings.note([{ ...seen, acceptedAt: at(2) }]);
    expect(reasons()).to.deep.equal([]);
  });

  it('tell of each client how far it trusts us', () => {
    const trust = (root?: string) => sightings.trustOf(seen.address, root);
    expect(trust()).to.equal('unknown');
    sightings.note([{ ...seen, refusedAt: at(0) }]);
    expect([trust(), trust(incoming)]).to.deep.equal(['fails-handshakes', 'fails-handshakes']);
    sightings.note([{ ...seen, acceptedAt: at(1) }]);
    expect([trust(), trust(incoming)]).to.deep.equal(['trusts', 'lacks-new-root']);
    sightings.note([{ ...seen, fetchedAt: at(2), fetchedVersion: prepared.bundleVersion }]);
    expect([trust(), trust(incoming)]).to.deep.equal(['trusts', 'has-new-root']);
  });

  it('forgets those that were not seen for long', () => {
    sightings.note([{ ...seen, acceptedAt: at(0) }]);
    expect(reasons(at(1))).to.deep.equal([]);
  });

  it('outlives a restart, for this user alone to read', async () => {
    sightings.note([{ ...seen, acceptedAt: at(0) }]);
    await sightings.close();
    const path = clientsPath(scratch.path);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    sightings = await open();
    expect(reasons()).to.deep.equal(['192.0.2.1: never fetched the bundle']);
  });

  it('is bounded: who was not seen for longest is forgotten', async () => {
    const crowd = Array.from({ length: 10_001 }, (_, index) => ({
      address: `10.0.${index >> 8}.${index & 255}`,
      label: undefined,
      acceptedAt: at(0),
    }));
    sightings.note(crowd);
    expect(sightings.size).to.equal(10_000);
    expect(reasons().some((text) => text.startsWith('10.0.0.0:'))).to.equal(false);
    await sightings.close();
    sightings = await open();
    expect(sightings.size).to.equal(10_000);
  });

  it('begins anew where its file is damaged, and says so', async () => {
    await writeFile(clientsPath(scratch.path), '{"version":1,"clients":[{}]}');
    sightings = await open();
    expect(sightings.size).to.equal(0);
    expect(log.entries.map(({ level }) => level)).to.deep.equal(['error']);
    sightings.note([{ ...seen, acceptedAt: at(0) }]);
    await sightings.close();
    expect(await readFile(clientsPath(scratch.path), 'utf8')).to.contain('192.0.2.1');
  });
});
