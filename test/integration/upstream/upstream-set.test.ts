import { expect } from 'chai';
import { digestOf } from '../../../lib/oci/digest.ts';
import { readBody } from '../../../lib/upstream/body.ts';
import { UpstreamSet, type SetRequest } from '../../../lib/upstream/upstream-set.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { FakeRegistry } from '../../support/upstream/fake-registry.ts';
import { repositoryName, reference, testMirror } from '../../support/upstream/test-mirror.ts';
import type { Mirror } from '../../../lib/config/configuration.ts';

const repository = repositoryName('acme/app');
const never = new AbortController().signal;

describe('the upstreams of a mirror', () => {
  let first: FakeRegistry;
  let second: FakeRegistry;
  let clock: ManualClock;
  let set: UpstreamSet;

  beforeEach(async () => {
    first = await FakeRegistry.start();
    second = await FakeRegistry.start();
    clock = new ManualClock();
    set = open();
  });

  afterEach(async () => {
    await set.close();
    await first.close();
    await second.close();
  });

  function open(changes: Partial<Mirror> = {}): UpstreamSet {
    const mirror = testMirror(first.url, { upstreams: [first.url, second.url], ...changes });
    return new UpstreamSet({ mirror, clock, logger: recordedLog() });
  }

  function blob(bytes: Buffer): SetRequest {
    const resource = { kind: 'blob', digest: digestOf(bytes) } as const;
    return { method: 'GET', repository, resource, signal: never };
  }

  function manifest(tag: string): SetRequest {
    const resource = { kind: 'manifest', reference: reference(tag) } as const;
    return { method: 'GET', repository, resource, signal: never };
  }

  it('asks the first and leaves the second alone', async () => {
    const bytes = Buffer.from('content');
    first.addBlob(bytes);
    const response = await set.fetch(blob(bytes));
    expect((await readBody(response, 100, never)).equals(bytes)).to.equal(true);
    expect(second.requests).to.have.length(0);
  });

  it('passes a request on when the first is out, and names who answered', async () => {
    const bytes = Buffer.from('content');
    second.addBlob(bytes);
    first.setFault('blob', { kind: 'status', status: 503 });
    const response = await set.fetch(blob(bytes));
    response.body.destroy();
    expect(response.source).to.equal(`127.0.0.1:${second.port} anonymous`);
  });

  it('tries others before the source of an answer that broke off', async () => {
    const bytes = Buffer.from('content');
    first.addBlob(bytes);
    second.addBlob(bytes);
    const avoid = `127.0.0.1:${first.port} anonymous`;
    const response = await set.fetch({ ...blob(bytes), avoid });
    response.body.destroy();
    expect(response.source).to.equal(`127.0.0.1:${second.port} anonymous`);
  });

  it('does not take the 404 of a second upstream for an answer while the first is out', async () => {
    first.setFault('blob', { kind: 'status', status: 500 });
    const error = await rejectionOf(set.fetch(blob(Buffer.from('content'))));
    expect(error.code).to.equal('MIRRORGATE_UPSTREAM_FAILED');
  });

  it('believes a 404 of the first, asks nobody else, and remembers it for 10 seconds', async () => {
    const request = blob(Buffer.from('content'));
    expect((await rejectionOf(set.fetch(request))).code).to.equal('MIRRORGATE_BLOB_UNKNOWN');
    expect((await rejectionOf(set.fetch(request))).code).to.equal('MIRRORGATE_BLOB_UNKNOWN');
    expect([first.requests.length, second.requests.length]).to.deep.equal([1, 0]);
    await clock.advance(10_000);
    first.addBlob(Buffer.from('content'));
    (await set.fetch(request)).body.destroy();
  });

  it('asks again at once where a kept connection was dropped', async () => {
    const bytes = Buffer.from('content');
    first.addBlob(bytes);
    first.setFault('blob', { kind: 'reset', times: 1 });
    const response = await set.fetch(blob(bytes));
    response.body.destroy();
    expect(response.source).to.contain(String(first.port));
  });

  it('stops asking an upstream that fails, until one request has tried it again', async () => {
    await set.close();
    set = open({ upstreams: [first.url] });
    first.addManifest({ repository, tag: 'a', body: '{}' });
    first.setFault('manifest', { kind: 'status', status: 500 });
    for (let count = 1; count <= 5; count += 1) await rejectionOf(set.fetch(manifest('a')));
    const error = await rejectionOf(set.fetch(manifest('a')));
    expect(error.code).to.equal('MIRRORGATE_UPSTREAM_UNREACHABLE');
    expect(first.requests).to.have.length(5);
    expect(set.states()[0]?.breaker).to.equal('open');
    first.setFault('manifest', undefined);
    await clock.advance(5_000);
    (await set.fetch(manifest('a'))).body.destroy();
    expect(set.states()[0]?.breaker).to.equal('closed');
  });

  it('heeds the Retry-After of a 429 and goes on serving other kinds of requests', async () => {
    await set.close();
    set = open({ upstreams: [first.url] });
    first.addManifest({ repository, tag: 'a', body: '{}' });
    const headers = { 'retry-after': '30' };
    first.setFault('manifest', { kind: 'status', status: 429, headers });
    await rejectionOf(set.fetch(manifest('a')));
    first.setFault('manifest', undefined);
    const error = await rejectionOf(set.fetch(manifest('a')));
    expect(error.code).to.equal('MIRRORGATE_UPSTREAM_LIMITED');
    (await set.fetch({ ...manifest('a'), method: 'HEAD' })).body.destroy();
    await clock.advance(30_000);
    (await set.fetch(manifest('a'))).body.destroy();
    expect(first.count('manifest', 'GET')).to.equal(2);
  });
});
