import { expect } from 'chai';
import type { Notice } from '../../../lib/app/notice.ts';
import type { NoticeMessage } from '../../../lib/app/notice-delivery.ts';
import { Notifier } from '../../../lib/app/notifier.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { until } from '../../support/until.ts';

const out: Notice = { key: 'upstream hub', summary: 'hub is out', hint: 'look' };
const minuteMs = 60_000;

describe('Notifier', () => {
  let directory: TemporaryDirectory;
  let clock: ManualClock;
  let notices: Notice[];
  let messages: NoticeMessage[];
  let refuses: boolean;

  beforeEach(async () => {
    directory = await TemporaryDirectory.create('notices');
    clock = new ManualClock();
    [notices, messages, refuses] = [[], [], false];
  });
  afterEach(() => directory.close());

  async function start(): Promise<Notifier> {
    const notifier = new Notifier({
      path: directory.join('notices.json'),
      look: () => Promise.resolve(notices),
      deliver: () => (message) => {
        if (refuses) return Promise.reject(new Error('refused'));
        messages.push(message);
        return Promise.resolve();
      },
      clock,
      logger: recordedLog(),
    });
    await notifier.start();
    return notifier;
  }

  const states = (): string[] => messages.map(({ state }) => state);

  it('tells of a trouble when it begins, a day later, and when it is over', async () => {
    const notifier = await start();
    notices = [out];
    for (let checks = 0; checks < 5; checks += 1) await notifier.check();
    expect(states()).to.deep.equal(['raised']);
    clock.jump(25 * 60 * minuteMs);
    await notifier.check();
    notices = [];
    await notifier.check();
    await notifier.check();
    expect(states()).to.deep.equal(['raised', 'still', 'resolved']);
    await notifier.close();
  });

  it('remembers over a restart what was told', async () => {
    notices = [out];
    const first = await start();
    await first.check();
    await first.close();
    const second = await start();
    await second.check();
    expect(states()).to.deep.equal(['raised']);
    notices = [];
    await second.check();
    expect(states()).to.deep.equal(['raised', 'resolved']);
    await second.close();
  });

  it('tries again what was not taken, ever more rarely', async () => {
    const notifier = await start();
    notices = [out];
    refuses = true;
    await notifier.check();
    refuses = false;
    await notifier.check();
    expect(messages).to.deep.equal([]);
    clock.jump(minuteMs);
    await notifier.check();
    expect(states()).to.deep.equal(['raised']);
    await notifier.close();
  });

  it('says nothing of what is over before anybody heard of it', async () => {
    const notifier = await start();
    notices = [out];
    refuses = true;
    await notifier.check();
    notices = [];
    refuses = false;
    clock.jump(10 * minuteMs);
    await notifier.check();
    expect(messages).to.deep.equal([]);
    await notifier.close();
  });

  it('sends no more than twenty an hour, whatever happens', async () => {
    const notifier = await start();
    notices = Array.from({ length: 100 }, (_, index) => ({ ...out, key: `trouble ${index}` }));
    await notifier.check();
    await notifier.check();
    expect(messages).to.have.length(20);
    await notifier.close();
  });

  it('gives what is being told at the end two seconds, and begins nothing more', async () => {
    const signals: AbortSignal[] = [];
    const notifier = new Notifier({
      path: directory.join('notices.json'),
      look: () => Promise.resolve([out, { ...out, key: 'upstream ghcr' }]),
      deliver: () => (_message, signal) => {
        signals.push(signal);
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')));
        });
      },
      clock,
      logger: recordedLog(),
    });
    await notifier.start();
    await clock.advance(minuteMs);
    await until('a delivery to begin', () => signals.length === 1);
    const closed = notifier.close();
    await clock.advance(1_999);
    expect(signals[0]?.aborted).to.equal(false);
    await clock.advance(1);
    await closed;
    expect(signals).to.have.length(1);
    expect(clock.nextTimerAt()).to.equal(undefined);
  });
});
