import { expect } from 'chai';
import { Activity } from '../../../lib/app/activity.ts';
import { ActivityBatch } from '../../../lib/app/activity-batch.ts';
import { clientStanding, type ClientUse } from '../../../lib/app/client-standing.ts';
import { clientsBody } from '../../../lib/admin/clients-page.ts';
import type { FinishedExchange } from '../../../lib/edge/observer.ts';
import { testExchange } from '../../support/app/test-exchange.ts';

const minuteMs = 60_000;
const start = Date.parse('2026-11-25T12:00:00Z');

describe('the standing of a client', () => {
  const manifest = { kind: 'manifest' } as const;
  const setup = { kind: 'setup', mirror: undefined } as const;

  function activityOf(...exchanges: readonly Partial<FinishedExchange>[]): Activity {
    const activity = new Activity();
    // Each in a report of its own, as an edge tells of them.
    for (const changes of exchanges) {
      const batch = new ActivityBatch();
      batch.finished(testExchange({ endedAtMs: start, ...changes }));
      const report = batch.take();
      if (report !== undefined) activity.take(report);
    }
    return activity;
  }

  function useAfter(minutes: number, ...exchanges: Partial<FinishedExchange>[]): ClientUse {
    const now = new Date(start + minutes * minuteMs);
    const [share] = activityOf(...exchanges).clients;
    if (share === undefined) throw new TypeError('nobody was seen');
    return clientStanding(share, () => 'trusts', now).use;
  }

  const manifests = [manifest, manifest, manifest];

  it('is to bypass where manifests are taken here and their blobs are not', () => {
    const evidence = 'took 3 manifests and no blob';
    expect(useAfter(5, ...manifests)).to.deep.equal({ kind: 'bypasses', evidence });
  });

  it('is not known while blobs may still be asked for, or few manifests were', () => {
    expect(useAfter(4, ...manifests)).to.deep.equal({ kind: 'unknown' });
    expect(useAfter(60, manifest, manifest)).to.deep.equal({ kind: 'unknown' });
    const head = { ...manifest, method: 'HEAD' };
    expect(useAfter(60, head, head, head, head)).to.deep.equal({ kind: 'unknown' });
  });

  it('is to pull where it had a blob, or word of one', () => {
    expect(useAfter(60, ...manifests, { kind: 'blob' })).to.deep.equal({ kind: 'pulls' });
    const head = { kind: 'blob', method: 'HEAD' } as const;
    expect(useAfter(60, ...manifests, head)).to.deep.equal({ kind: 'pulls' });
  });

  it('is to bypass where it was set up and pulls nothing for an hour', () => {
    const evidence = 'fetched its set-up, but pulls nothing';
    expect(useAfter(59, setup)).to.deep.equal({ kind: 'unknown' });
    expect(useAfter(60, setup)).to.deep.equal({ kind: 'bypasses', evidence });
    expect(useAfter(60, setup, manifest)).to.deep.equal({ kind: 'unknown' });
  });

  it('is not known where what it asked for failed here', () => {
    const failed = { kind: 'blob', status: 503 } as const;
    expect(useAfter(60, ...manifests, failed)).to.deep.equal({ kind: 'unknown' });
  });

  it('is shown with its evidence', () => {
    const now = new Date(start + 10 * minuteMs);
    const activity = activityOf(...manifests);
    const { text: page } = clientsBody({ activity, trustOf: () => 'has-new-root', now });
    for (const text of ['has the new root', 'seems to bypass', 'took 3 manifests and no blob']) {
      expect(page).to.include(text);
    }
  });
});
