import { expect } from 'chai';
import { TicketKeys } from '../../../lib/app/ticket-keys.ts';
import { ManualClock } from '../../support/manual-clock.ts';

describe('TicketKeys', () => {
  it('makes new ones twice a day, each 48 bytes, until it is closed', async () => {
    const clock = new ManualClock(new Date());
    const made: string[] = [];
    const keys = new TicketKeys(clock, (bytes) => made.push(Buffer.from(bytes).toString('hex')));
    keys.start();
    await clock.advance(24 * 60 * 60 * 1000);
    expect(made).to.have.length(3);
    expect(new Set(made)).to.have.property('size', 3);
    expect(made[0]).to.have.length(96);
    keys.close();
    await clock.advance(24 * 60 * 60 * 1000);
    expect(made).to.have.length(3);
  });
});
