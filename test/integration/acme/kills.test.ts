import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { askGate } from '../../../lib/app/control-client.ts';
import { ask } from '../../support/app/gate-client.ts';
import { AcmeLab, hubHost } from '../../support/acme/acme-lab.ts';
import { SeededRandom } from '../../support/edge/seeded-random.ts';
import { requireParts } from '../../support/lab/lab-availability.ts';
import { OpenParts } from '../../support/lab/open-parts.ts';
import { isOpen } from '../../support/app/gate-client.ts';
import { until } from '../../support/until.ts';
import { scaled } from '../../support/scale.ts';

describe('a gate that is killed while it orders certificates', function () {
  this.timeout(1_800_000);
  const parts = new OpenParts();

  before(async function () {
    await requireParts(this, 'pebble', 'gate');
  });
  after(async () => {
    await parts.close();
  });

  it('serves a valid certificate after each start', async () => {
    const lab = await parts.add(AcmeLab.start());
    const random = SeededRandom.announced('kills while certificates are ordered');
    const target = await lab.untilServed(hubHost);
    const stateDirectory = join(dirname(lab.gate.configurationFile), 'state');
    // 200 in the long run.
    const kills = Math.min(scaled(3), 200);
    for (let kill = 0; kill < kills; kill += 1) {
      const renewing = askGate({ stateDirectory }, 'cert-renew').catch(() => undefined);
      await delay(random.below(500));
      await lab.gate.kill();
      await renewing;
      await until('end of the edges', async () => !(await isOpen(lab.gate.httpsPort)));
      await lab.gate.resume();
      const answer = await ask(target, '/v2/');
      expect(answer.status, `after kill ${kill + 1}`).to.equal(200);
    }
    // Two sites, each renewed at most once a round.
    expect(lab.orders()).to.be.at.most(2 * (kills + 1));
    console.log(`      ${kills} kills, ${lab.orders()} orders`);
  });
});
