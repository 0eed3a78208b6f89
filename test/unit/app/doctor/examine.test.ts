import { expect } from 'chai';
import { examine } from '../../../../lib/app/doctor/examine.ts';
import { load } from '../../config/written-configuration.ts';

const text =
  'certificates: {issuer: acme, acme: {agreeToTerms: true, challenges: [tls-alpn-01]}}\n' +
  'universal: {hosts: [nowhere.invalid]}\n' +
  'mirrors: [{name: r, registry: r.test, upstream: "http://127.0.0.1:9", allowPrivateUpstream: true}]\n';

describe('examine', () => {
  it('looks at the hosts of ACME while a gate runs, and only then', async () => {
    const configuration = await load(text);
    const now = new Date();
    const running = await examine({ configuration, isRunning: true, now });
    const acme = running.filter(({ check }) => check === 'acme');
    expect(acme).to.have.length(1);
    expect(acme[0]).to.include({ subject: 'nowhere.invalid', state: 'failed' });
    expect(acme[0]?.hint).to.match(/A or AAAA record/);
    const stopped = await examine({ configuration, isRunning: false, now });
    expect(stopped.filter(({ check }) => check === 'acme')).to.deep.equal([]);
  });
});
