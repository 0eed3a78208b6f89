import { join } from 'node:path';
import { expect } from 'chai';
import { Child } from '../../../lib/app/child.ts';
import type { FakeQuestions, FakeReport, FakeRequest } from '../../support/app/fake-process.ts';
import { allEnded, isAlive } from '../../support/app/process-table.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { recordedLog, type RecordedLog } from '../../support/recorded-log.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { until } from '../../support/until.ts';

const supportFolder = join(import.meta.dirname, '../../support/app');

describe('Child', () => {
  let clock: ManualClock;
  let log: RecordedLog;
  let delays: number[];
  let reports: FakeReport[];
  let child: Child<FakeRequest, FakeReport, FakeQuestions>;

  const create = (entry = 'fake-process'): void => {
    child = new Child<FakeRequest, FakeReport, FakeQuestions>({
      entry: join(supportFolder, `${entry}.ts`),
      identity: { name: 'edge-1', log: { level: 'error', access: false, format: 'json' } },
      clock,
      logger: log,
      onReport: (report) => reports.push(report),
      onDeath: (delayMs) => delays.push(delayMs),
    });
    child.start();
  };
  const started = async (times = 1): Promise<number> => {
    await until('start', () => reports.filter((one) => one === 'started').length >= times);
    return child.pid ?? NaN;
  };
  const died = (times: number): Promise<void> =>
    until('death', () => delays.length >= times && child.pid === undefined);
  beforeEach(() => {
    clock = new ManualClock();
    log = recordedLog();
    [delays, reports] = [[], []];
  });
  afterEach(async () => {
    const ended = child.end({ kind: 'end' }, 0);
    await clock.advance(0);
    await ended;
  });

  it('brings requests to the process and reports back', async () => {
    create();
    await started();
    child.send({ kind: 'fail' });
    child.send({ kind: 'greet' });
    await until('answer', () => reports.includes('hello'));
  });

  it('starts a process again that dies, later each time, up to 30 seconds', async () => {
    create('crashing-process');
    const expected = [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000];
    for (const [index, delayMs] of expected.entries()) {
      await died(index + 1);
      await clock.advance(delayMs - 1);
      expect(child.pid, `after ${index + 1} deaths`).to.equal(undefined);
      await clock.advance(1);
      expect(child.pid ?? delays[index + 1]).to.be.a('number');
    }
    await died(expected.length + 1);
    expect(delays.slice(0, -1)).to.deep.equal(expected);
    expect(log.entries[0]?.fields).to.include({ child: 'edge-1', status: 3, delayMs: 100 });
  });

  it('begins anew with short delays once a process has lived for a minute', async () => {
    create();
    await started();
    for (const [lifeMs, delayMs] of [
      [0, 100],
      [59_000, 200],
      [61_000, 100],
      [0, 200],
    ] as const) {
      await clock.advance(lifeMs);
      child.send({ kind: 'crash' });
      await died(delays.length + 1);
      expect(delays.at(-1)).to.equal(delayMs);
      await clock.advance(delayMs);
      await started(delays.length + 1);
    }
  });

  it('goes on trying where the system starts no process', async () => {
    const { execPath } = process;
    process.execPath = '/nonexistent/node';
    try {
      create();
      await died(1);
    } finally {
      process.execPath = execPath;
    }
    expect(log.entries[0]?.fields).to.include({ delayMs: 100 });
    await clock.advance(100);
    expect(await isAlive(await started())).to.equal(true);
  });

  it('ends a process that it asks to, and starts no other', async () => {
    create();
    const pid = await started();
    await child.end({ kind: 'end' }, 10_000);
    expect(await isAlive(pid)).to.equal(false);
    await clock.advance(100_000);
    expect([child.pid, delays]).to.deep.equal([undefined, []]);
  });

  it('kills a process that does not end in time', async () => {
    create();
    const pid = await started();
    child.send({ kind: 'ignore' });
    await until('answer', () => reports.includes('hello'));
    const ended = child.end({ kind: 'end' }, 10_000);
    await clock.advance(9_999);
    expect(await isAlive(pid)).to.equal(true);
    await clock.advance(1);
    await ended;
    expect(await isAlive(pid)).to.equal(false);
  });

  it('ends at once while it waits to start a process again', async () => {
    create('crashing-process');
    await died(1);
    await child.end({ kind: 'end' }, 10_000);
    await clock.advance(100_000);
    expect(delays).to.deep.equal([100]);
  });

  it('starts an heir beside a process that still ends what it had', async () => {
    create();
    const first = await started();
    child.send({ kind: 'throw' });
    await died(1);
    await clock.advance(100);
    const second = await started(2);
    expect([await isAlive(first), await isAlive(second)]).to.deep.equal([true, true]);
    process.kill(first, 'SIGUSR2');
    await allEnded([first]);
    expect([child.pid, delays]).to.deep.equal([second, [100]]);
  });

  it('leaves no process that still ends what it had', async () => {
    create();
    const first = await started();
    child.send({ kind: 'throw' });
    await died(1);
    const ended = child.end({ kind: 'end' }, 10_000);
    await clock.advance(10_000);
    await ended;
    expect(await isAlive(first)).to.equal(false);
  });

  it('has processes that only it may end, not a signal to the whole group', async () => {
    create();
    const pid = await started();
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.kill(pid, signal);
    child.send({ kind: 'greet' });
    await until('answer', () => reports.includes('hello'));
  });

  it('answers questions, many at once, each with its own answer', async () => {
    create();
    await started();
    const questions = Array.from({ length: 20 }, (_, index) => child.ask('sum', [index, 1], 5_000));
    expect(await Promise.all(questions)).to.deep.equal(questions.map((_, index) => index + 1));
  });

  it('tells the failure of a question with its code and its hint', async () => {
    create();
    await started();
    const error = await rejectionOf(child.ask('sum', [-1], 5_000));
    expect(error.code).to.equal('MIRRORGATE_FAKE_SUM');
    expect(error.hint).to.equal('add something');
  });

  it('lets no question wait for ever', async () => {
    create();
    await started();
    const late = rejectionOf(child.ask('silence', undefined, 5_000));
    await clock.advance(5_000);
    expect((await late).code).to.equal('MIRRORGATE_APP_NO_ANSWER');
    const orphaned = rejectionOf(child.ask('silence', undefined, 5_000));
    child.send({ kind: 'crash' });
    expect((await orphaned).code).to.equal('MIRRORGATE_APP_NO_ANSWER');
    const absent = rejectionOf(child.ask('sum', [], 5_000));
    expect((await absent).code).to.equal('MIRRORGATE_APP_NO_ANSWER');
  });
});
