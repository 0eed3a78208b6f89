import { appendFile, readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { History, sumByMirror } from '../../../lib/app/history.ts';
import type { HistoryPoint } from '../../../lib/app/history-point.ts';
import { noTraffic } from '../../../lib/app/traffic.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { recordedLog } from '../../support/recorded-log.ts';

const start = new Date('2026-11-01T00:00:00Z');
const minuteMs = 60_000;

function point(minute: number, requests = 1): HistoryPoint {
  return {
    at: new Date(start.getTime() + minute * minuteMs),
    mirrors: new Map([['hub', { ...noTraffic, requests, sentBytes: 10 * requests }]]),
  };
}

describe('History', () => {
  let directory: TemporaryDirectory;
  let path: string;

  beforeEach(async () => {
    directory = await TemporaryDirectory.create('history');
    path = directory.join('history.jsonl');
  });
  afterEach(async () => {
    await directory.close();
  });

  async function open(now: Date): Promise<History> {
    const history = new History({ path, clock: new ManualClock(now), logger: recordedLog() });
    await history.open();
    return history;
  }

  it('is the same after a restart, and a line that was cut costs that line alone', async () => {
    const history = await open(start);
    history.add(point(1, 3));
    history.add(point(2, 4));
    await history.close();
    await appendFile(path, '{"at":1764');
    const again = await open(start);
    expect(again.after(start)).to.deep.equal([point(1, 3), point(2, 4)]);
  });

  it('sums up old minutes by the hour and forgets what is older than two months', async () => {
    const history = await open(start);
    for (let minute = 0; minute < 120; minute += 1) history.add(point(minute));
    await history.close();
    const threeDays = await open(new Date(start.getTime() + 72 * 60 * minuteMs));
    expect(threeDays.after(new Date(0)).map(({ mirrors }) => mirrors.get('hub')?.requests)).to.eql([
      60, 60,
    ]);
    expect((await readFile(path, 'utf8')).trim().split('\n')).to.have.length(2);
    const later = await open(new Date(start.getTime() + 70 * 24 * 60 * minuteMs));
    expect(later.after(new Date(0))).to.deep.equal([]);
  });

  it('goes on in memory, and says so once, where the disk does not take it', async () => {
    const logger = recordedLog();
    const clock = new ManualClock(start);
    const history = new History({ path: directory.join('no', 'such', 'folder'), clock, logger });
    await history.open();
    history.add(point(1));
    history.add(point(2));
    await history.close();
    expect(sumByMirror(history.after(start)).get('hub')).to.include({ requests: 2, sentBytes: 20 });
    expect(logger.entries.map(({ event }) => event)).to.deep.equal(['history not kept']);
  });
});
