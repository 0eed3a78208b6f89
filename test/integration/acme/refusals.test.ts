/** A gate that has its certificates, at a CA that gives it no others. */
import { expect } from 'chai';
import { AcmeLab, ghcrHost, hubHost, type CertificateRow } from '../../support/acme/acme-lab.ts';
import { CaFront, caPaths } from '../../support/acme/ca-front.ts';
import { servedSerial, type Target } from '../../support/app/gate-client.ts';
import { mirrorgate, type Outcome } from '../../support/app/program.ts';
import { requireParts } from '../../support/lab/lab-availability.ts';
import { OpenParts } from '../../support/lab/open-parts.ts';

const hourMs = 3_600_000;

describe('a gate whose CA gives no other certificate', function () {
  this.timeout(60_000);
  const parts = new OpenParts();
  let lab: AcmeLab;
  let front: CaFront;
  let target: Target;
  let serial: string;

  before(async function () {
    await requireParts(this, 'pebble', 'gate');
  });
  beforeEach(async () => {
    lab = await parts.add(
      AcmeLab.start({
        acme: async (_names, pebble) => {
          front = await parts.add(CaFront.start(pebble));
          return { directory: front.directoryUrl };
        },
      }),
    );
    target = await lab.untilServed(hubHost);
    await lab.untilServed(ghcrHost);
    serial = await servedSerial(target);
  });
  afterEach(async () => {
    await parts.close();
  });

  const renew = (): Promise<Outcome> =>
    mirrorgate('cert', 'renew', hubHost, '--config', lab.gate.configurationFile);

  /** That a renewal fails, says these words, and takes nothing away; what `cert list` says then. */
  async function refused(...words: readonly string[]): Promise<CertificateRow> {
    const { exitCode, errors } = await renew();
    expect(exitCode).to.equal(1);
    for (const word of words) expect(errors.join('\n')).to.include(word);
    expect(await servedSerial(target)).to.equal(serial);
    const hub = (await lab.certificates()).find(({ site }) => site === 'hub');
    if (hub === undefined) throw new TypeError('cert list does not have it');
    for (const word of words) expect(hub.lastError).to.include(word);
    return hub;
  }

  it('asks no sooner than it was told by 429, not even for an operator', async () => {
    front.refusals.set(caPaths.newOrder, {
      ...{ status: 429, type: 'rateLimited', retryAfter: '3600' },
    });
    const hub = await refused('rateLimited');
    const waitMs = Date.parse(hub.outlook?.nextAttemptAt ?? '') - Date.now();
    expect(waitMs).to.be.within(hourMs - 60_000, hourMs);
    const asked = front.asked.length;
    await refused('rateLimited');
    expect(front.asked).to.have.length(asked);
  });

  it('tells of an order that was rejected, and has one when it no longer is', async () => {
    front.refusals.set(caPaths.newOrder, { status: 403, type: 'rejectedIdentifier' });
    await refused('rejectedIdentifier');
    front.refusals.clear();
    expect((await renew()).exitCode).to.equal(0);
  });

  it('orders nothing by a clock that is days off', async () => {
    const orders = lab.orders();
    for (const days of [-3, 3]) {
      await lab.gate.stop();
      front.clockAheadMs = days * 24 * hourMs;
      await lab.gate.resume();
      await refused('clock of this machine', '72 hours');
    }
    expect(lab.orders()).to.equal(orders);
  });

  it('has it look at a wrong host three times an hour, however often it is asked', async () => {
    await lab.takeAnotherAccount();
    await lab.names.setAddresses(hubHost, ['127.0.0.9']);
    const orders = lab.orders();
    for (let attempt = 0; attempt < 3; attempt += 1) await refused(hubHost);
    for (let attempt = 0; attempt < 2; attempt += 1) await refused('within an hour');
    expect(lab.orders()).to.equal(orders + 3);
    await lab.gate.stop();
    await lab.gate.resume();
    await refused('within an hour');
    expect(lab.orders()).to.equal(orders + 3);
  });
});
