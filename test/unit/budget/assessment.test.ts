import { expect } from 'chai';
import { assess, type Assessment } from '../../../lib/budget/assessment.ts';
import type { BandwidthStage } from '../../../lib/config/configuration.ts';

const period = { start: new Date('2026-11-01T00:00:00Z'), end: new Date('2026-12-01T00:00:00Z') };
const middle = new Date('2026-11-16T00:00:00Z');

function stage(
  share: number,
  action: BandwidthStage['action'],
  bytesPerSecond?: number,
): BandwidthStage {
  return { share, action, bytesPerSecond };
}

const stages = [
  stage(1, 'refuse'),
  stage(0.8, 'warn'),
  stage(0.9, 'throttle'),
  stage(0.95, 'hits-only'),
];

function at(usedBytes: number, monthlyBytes: number | undefined = 1e12, now = middle): Assessment {
  return assess({ monthlyBytes, stages }, usedBytes, { period, now });
}

describe('assess', () => {
  it('goes through the stages in the order of their shares', () => {
    const reached = [0.79, 0.8, 0.9, 0.95, 1].map((share) => at(share * 1e12));
    expect(reached.map((one) => one.stage?.action)).to.deep.equal([
      undefined,
      'warn',
      'throttle',
      'hits-only',
      'refuse',
    ]);
    expect(reached.map(({ mode }) => mode)).to.deep.equal([
      ...['open', 'open', 'open', 'hits-only', 'refuse'],
    ]);
  });

  it('throttles to what is left of the month, and never to nothing', () => {
    // A tenth of 10 TB for 15 days.
    expect(at(9e12, 10e12).totalBytesPerSecond).to.equal(770_000);
    expect(at(11e12, 10e12).totalBytesPerSecond).to.equal(125_000);
  });

  it('throttles to the rate of its stage where that has one', () => {
    const one = assess({ monthlyBytes: 100, stages: [stage(0.5, 'throttle', 42)] }, 60, {
      period,
      now: middle,
    });
    expect(one.totalBytesPerSecond).to.equal(42);
  });

  it('limits nothing without a budget', () => {
    const none = assess({ monthlyBytes: undefined, stages }, 1e15, { period, now: middle });
    expect(none).to.deep.include({ mode: 'open', share: undefined, stage: undefined });
  });

  it('expects the month to go on as it went', () => {
    expect(at(4e11).forecastBytes).to.equal(8e11);
    expect(at(1e9, 1e12, period.start).forecastBytes).to.equal(720e9);
    expect(at(4e11, 1e12, new Date('2026-12-05T00:00:00Z')).forecastBytes).to.equal(4e11);
  });
});
