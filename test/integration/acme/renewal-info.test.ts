/** Against a pebble with renewal information and profiles; skipped where none can be had. */
import { expect } from 'chai';
import { AcmeLab, hubHost } from '../../support/acme/acme-lab.ts';
import { newerPebble } from '../../support/acme/newer-pebble.ts';
import { requireParts } from '../../support/lab/lab-availability.ts';
import { OpenParts } from '../../support/lab/open-parts.ts';
import { mirrorgate } from '../../support/app/program.ts';

describe('a CA with renewal information and profiles', function () {
  this.timeout(700_000);
  const parts = new OpenParts();
  let program = '';

  before(async function () {
    await requireParts(this, 'pebble', 'gate');
    const found = await newerPebble();
    if (found.program === undefined) {
      console.warn(`    skipped: ${found.reason}`);
      this.skip();
    }
    program = found.program;
  });
  afterEach(async () => {
    await parts.close();
  });

  it('tells when it would have a certificate replaced, and is told which one was', async () => {
    const settings = { profiles: { shortlived: { description: 'x', validityPeriod: 518_400 } } };
    const lab = await parts.add(
      AcmeLab.start({ acme: { profile: 'shortlived' }, pebble: { program, settings } }),
    );
    await lab.untilServed(hubHost);
    const [hub] = await lab.certificates();
    const lifeMs = Date.parse(hub?.notAfter ?? '') - Date.parse(hub?.notBefore ?? '');
    expect(lifeMs / 86_400_000).to.be.closeTo(6, 0.01);
    const { start, end } = hub?.outlook?.window ?? { start: '', end: '' };
    expect(Date.parse(hub?.dueAt ?? '')).to.be.within(Date.parse(start), Date.parse(end));
    const renewed = await mirrorgate(
      ...['cert', 'renew', hubHost, '--config', lab.gate.configurationFile],
    );
    expect(renewed.exitCode, renewed.stderr.join('\n')).to.equal(0);
    const placed = lab.gate.log().filter(({ event }) => event === 'ACME order placed');
    expect(placed.map(({ profile }) => profile)).to.deep.equal([
      'shortlived',
      'shortlived',
      'shortlived',
    ]);
    expect(placed.filter(({ replaces }) => typeof replaces === 'string')).to.have.length(1);

    const [running] = await lab.certificates();
    await lab.gate.stop();
    const [atRest] = await lab.certificates();
    expect(atRest?.outlook?.window).to.not.equal(undefined);
    expect(atRest).to.deep.include({ dueAt: running?.dueAt, outlook: running?.outlook });
  });
});
