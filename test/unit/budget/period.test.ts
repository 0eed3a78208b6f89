import { expect } from 'chai';
import { periodOf } from '../../../lib/budget/period.ts';

describe('periodOf', () => {
  const texts = (now: string, resetDay: number, timeZone = 'UTC'): string[] => {
    const { start, end } = periodOf(new Date(now), { resetDay, timeZone });
    return [start.toISOString(), end.toISOString()];
  };

  it('is the calendar month where it begins on the first', () => {
    const november = ['2026-11-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z'];
    expect(texts('2026-11-01T00:00:00Z', 1)).to.deep.equal(november);
    expect(texts('2026-11-30T23:59:59.999Z', 1)).to.deep.equal(november);
  });

  it('begins on the reset day, of the month before where that is not reached', () => {
    const period = ['2026-12-15T00:00:00.000Z', '2027-01-15T00:00:00.000Z'];
    expect(texts('2026-12-15T00:00:00Z', 15)).to.deep.equal(period);
    expect(texts('2027-01-14T23:59:59Z', 15)).to.deep.equal(period);
  });

  it('follows the clocks of its time zone through summer time', () => {
    expect(texts('2026-03-28T12:00:00Z', 1, 'Europe/Berlin')).to.deep.equal([
      '2026-02-28T23:00:00.000Z',
      '2026-03-31T22:00:00.000Z',
    ]);
    expect(texts('2026-11-01T03:59:00Z', 1, 'America/New_York')).to.deep.equal([
      '2026-10-01T04:00:00.000Z',
      '2026-11-01T04:00:00.000Z',
    ]);
  });

  it('begins with the day where its clocks skip midnight', () => {
    const [start] = texts('2026-09-20T12:00:00Z', 6, 'America/Santiago');
    expect(start).to.equal('2026-09-06T04:00:00.000Z');
  });

  it('leaves no instant between two periods, in any zone', () => {
    for (const timeZone of ['UTC', 'Pacific/Kiritimati', 'Pacific/Pago_Pago', 'Asia/Kathmandu']) {
      let at = new Date('2026-01-10T00:00:00Z');
      for (let months = 0; months < 26; months += 1) {
        const { start, end } = periodOf(at, { resetDay: 28, timeZone });
        expect(start <= at && at < end, `${timeZone} ${at.toISOString()}`).to.equal(true);
        expect(periodOf(end, { resetDay: 28, timeZone }).start).to.deep.equal(end);
        at = end;
      }
    }
  });
});
