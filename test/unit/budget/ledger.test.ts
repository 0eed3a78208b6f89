import { expect } from 'chai';
import { Ledger } from '../../../lib/budget/ledger.ts';
import { Tally } from '../../../lib/budget/tally.ts';

const cycle = { resetDay: 1, timeZone: 'UTC' };
const november = new Date('2026-11-20T00:00:00Z');
const december = new Date('2026-12-01T00:00:00Z');

function filled(): Ledger {
  const ledger = new Ledger(cycle, november);
  ledger.add({ client: '192.0.2.1', mirror: 'hub', repository: 'library/alpine', bytes: 10 });
  ledger.add({ client: '192.0.2.1', mirror: undefined, repository: undefined, bytes: 1 });
  ledger.add({ client: '192.0.2.2', mirror: 's3', repository: undefined, bytes: 5 });
  ledger.addInterface(20);
  return ledger;
}

describe('Ledger', () => {
  it('sums what was sent by client, mirror and image', () => {
    const { sentBytes, interfaceBytes, clients, mirrors, images } = filled().record();
    expect({ sentBytes, interfaceBytes }).to.deep.equal({ sentBytes: 16, interfaceBytes: 20 });
    expect(clients.sums).to.deep.equal({ '192.0.2.1': 11, '192.0.2.2': 5 });
    expect(mirrors.sums).to.deep.equal({ hub: 10, s3: 5 });
    expect(images.sums).to.deep.equal({ 'hub/library/alpine': 10 });
  });

  it('goes on from its record within the month, and not beyond it', () => {
    const record = filled().record();
    expect(new Ledger(cycle, november, record).record()).to.deep.equal(record);
    expect(new Ledger(cycle, december, record).sentBytes).to.equal(0);
  });

  it('begins anew with the month, and never for a clock that was set back', () => {
    const ledger = filled();
    expect(ledger.turn(cycle, new Date('2026-10-05T00:00:00Z'))).to.equal(false);
    expect(ledger.sentBytes).to.equal(16);
    expect(ledger.turn(cycle, december)).to.equal(true);
    expect(ledger.record().clients.sums).to.deep.equal({});
    expect(ledger.period.start).to.deep.equal(december);
  });
});

describe('Tally', () => {
  it('lets the least go into one rest when there are too many, and keeps the sum', () => {
    const tally = new Tally(10);
    for (let key = 1; key <= 1_000; key += 1) tally.add(String(key), key);
    const { sums, rest } = tally.record();
    const kept = Object.values(sums);
    expect(kept).to.have.length(10);
    expect(kept.reduce((sum, value) => sum + value, rest)).to.equal(500_500);
    expect(tally.top(1)).to.deep.equal([['1000', 1_000]]);
  });
});
