/** Every name of a large configuration at once, from nothing. Long run: `npm run soak:acme`. */
import { expect } from 'chai';
import { ask } from '../../support/app/gate-client.ts';
import { AcmeLab } from '../../support/acme/acme-lab.ts';
import { requireParts } from '../../support/lab/lab-availability.ts';
import { poll } from '../../support/lab/polling.ts';
import { scaled } from '../../support/scale.ts';

const count = Math.min(scaled(10), 150);
const hosts = Array.from({ length: count }, (_, index) => `m${index + 1}.example.test`);

describe(`a gate with ${count} names`, function () {
  this.timeout(600_000);
  let lab: AcmeLab;

  before(async function () {
    await requireParts(this, 'pebble', 'gate');
  });
  afterEach(() => lab.close());

  const obtained = (): Set<unknown> =>
    new Set(
      lab.gate
        .log()
        .filter(({ event }) => event === 'certificate obtained')
        .map(({ site }) => site),
    );

  it('has a certificate for each by one order, and orders none after a restart', async () => {
    const upstream = 'http://127.0.0.1:9';
    lab = await AcmeLab.start({
      gate: {
        mirrors: hosts.map((host, index) => ({
          ...{ name: `m${index + 1}`, registry: `r${index + 1}.test`, upstream, hosts: [host] },
        })),
      },
    });
    const begunAt = performance.now();
    await poll(() => obtained().size === count || undefined, {
      deadlineMs: 500_000,
      what: 'a certificate for each name',
    });
    const seconds = (performance.now() - begunAt) / 1000;
    console.log(`      ${count} names in ${seconds.toFixed(1)} s after the start`);

    const expectServed = async (): Promise<void> => {
      const ca = await lab.pebble.issuingRoot();
      for (const host of hosts) {
        const answer = await ask({ port: lab.gate.httpsPort, host, ca }, '/v2/');
        expect(answer.status, host).to.equal(200);
      }
      expect(lab.orders()).to.equal(count);
    };
    await expectServed();
    const rows = await lab.certificates();
    expect(rows.map(({ lastError }) => lastError)).to.deep.equal(hosts.map(() => undefined));
    await lab.gate.stop();
    await lab.gate.resume();
    await expectServed();
  });
});
