import { expect } from 'chai';
import { Activity } from '../../../lib/app/activity.ts';
import { ActivityBatch } from '../../../lib/app/activity-batch.ts';
import type { FinishedExchange } from '../../../lib/edge/observer.ts';
import { testExchange as exchange } from '../../support/app/test-exchange.ts';

describe('ActivityBatch', () => {
  it('drops single exchanges under load, counts them, and loses no byte of a client', () => {
    const batch = new ActivityBatch();
    for (let index = 0; index < 1_000; index += 1) batch.finished(exchange());
    const report = batch.take();
    expect(report?.exchanges).to.have.length(100);
    expect(report?.dropped).to.equal(900);
    expect(report?.clients).to.have.length(1);
    expect(report?.clients[0]).to.include({ requests: 1_000, sentBytes: 100_000, failures: 0 });
    expect(batch.take()).to.equal(undefined);
  });

  it('is bounded whatever clients send', () => {
    const batch = new ActivityBatch();
    const long = 'x'.repeat(10_000);
    batch.finished(exchange({ agent: long, repository: long, reference: long, error: long }));
    const report = batch.take();
    expect(report?.clients[0]?.agent).to.have.length(120);
    expect(JSON.stringify(report).length).to.be.below(2_000);
  });

  it('is bounded whoever comes', () => {
    const batch = new ActivityBatch();
    for (let index = 0; index < 5_000; index += 1) {
      batch.finished(exchange({ client: `2001:db8::${index}` }));
      batch.denied(`2001:db8::${index}`, 'not-allowed', 1);
    }
    const report = batch.take();
    expect(report?.clients).to.have.length(1_000);
    expect(report?.denied).to.have.length(100);
  });
});

describe('Activity', () => {
  function report(...exchanges: readonly FinishedExchange[]) {
    const batch = new ActivityBatch();
    for (const each of exchanges) batch.finished(each);
    return batch.take() ?? expect.fail('nothing to report');
  }

  it('keeps the newest exchanges and failures first, and sums up by client', () => {
    const activity = new Activity();
    activity.take(report(exchange({ reference: 'a' }), exchange({ reference: 'b', status: 503 })));
    activity.take(report(exchange({ reference: 'c', status: 404 })));
    expect(activity.recent.map(({ reference }) => reference)).to.deep.equal(['c', 'b', 'a']);
    expect(activity.failures.map(({ reference }) => reference)).to.deep.equal(['b']);
    expect(activity.clients[0]).to.include({ requests: 3, sentBytes: 300, failures: 1 });
  });

  it('tells its listeners until they have heard enough', () => {
    const activity = new Activity();
    const heard: (string | undefined)[] = [];
    const stop = activity.listen(({ reference }) => heard.push(reference));
    activity.take(report(exchange({ reference: 'a' })));
    stop();
    activity.take(report(exchange({ reference: 'b' })));
    expect(heard).to.deep.equal(['a']);
  });
});
