import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { MirrorSet } from '../../../lib/worker/mirror-set.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { FakeRegistry } from '../../support/upstream/fake-registry.ts';
import { bodyOf } from '../../support/upstream/bench.ts';
import { repositoryName, testMirror } from '../../support/upstream/test-mirror.ts';

const repository = repositoryName('acme/app');

describe('the mirrors of a worker, given anew', () => {
  let registry: FakeRegistry;
  let mirrors: MirrorSet;

  const configure = (reserve: number): void =>
    mirrors.configure([testMirror(registry.url, { reserve })]);

  beforeEach(async () => {
    registry = await FakeRegistry.start();
    mirrors = new MirrorSet({ clock: new ManualClock(), logger: recordedLog(), version: 'test' });
    configure(1);
  });

  afterEach(async () => {
    await mirrors.close();
    await registry.close();
  });

  it('keep the client of a mirror that did not change', () => {
    const { upstream } = mirrors.get('test');
    configure(1);
    expect(mirrors.get('test').upstream).to.equal(upstream);
  });

  it('fail no pull that looked its mirror up before and asks the upstream after', async () => {
    const bytes = randomBytes(1000);
    const digest = registry.addBlob(bytes);
    const { upstream } = mirrors.get('test');
    configure(2);
    expect(mirrors.get('test').upstream).not.to.equal(upstream);
    // The turn in which a client without a request in flight would have been closed.
    await new Promise((resolve) => setImmediate(resolve));
    const response = await upstream.fetch({
      method: 'GET',
      repository,
      resource: { kind: 'blob', digest },
      signal: new AbortController().signal,
    });
    expect((await bodyOf(response)).equals(bytes)).to.equal(true);
  });
});
