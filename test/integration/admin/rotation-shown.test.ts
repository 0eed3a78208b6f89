import { expect } from 'chai';
import { ask } from '../../support/app/gate-client.ts';
import { mirrorgate } from '../../support/app/program.ts';
import { hubHost, zone, type Stage } from '../../support/app/stage.ts';
import { askAdmin, sample, startWatchedStage } from '../../support/app/watched-stage.ts';
import { poll } from '../../support/lab/polling.ts';

const bystander = '127.0.0.2';
/** Fetches the new root at once. */
const follower = '127.0.0.3';

async function eventually(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadlineMs = 40_000;
  await poll(async () => ((await condition()) ? true : undefined), { deadlineMs, what });
}

describe('a rotation of the private CA', function () {
  this.timeout(60_000);
  let stage: Stage;
  let admin: string;

  before(async () => {
    const lifetimes = { rootLifetime: '200s', leafLifetime: '8s', overlap: '2s' };
    const privateCa = { permitted: [zone], ...lifetimes };
    ({ stage, admin } = await startWatchedStage({
      certificates: { directory: 'certs', privateCa },
    }));
  });
  after(() => stage.close());

  const metric = async (name: string, labels: readonly string[] = []): Promise<number> =>
    sample((await askAdmin(admin, '/metrics')).text, `mirrorgate_ca_rotation_${name}`, labels);
  const rowOf = async (address: string): Promise<string> => {
    const { text } = await askAdmin(admin, '/clients');
    return text.split('<tr>').find((row) => row.includes(address)) ?? '';
  };
  const askFrom = (from: string, path: string) =>
    ask(stage.target(hubHost, { from }), path).catch(() => undefined);

  it('shows on the pages and in the metrics, and who holds it up', async () => {
    const { path } = stage.addBlob(1_000);
    await askFrom(bystander, path);
    await eventually('trust of a client', async () =>
      (await rowOf(bystander)).includes('trusts us'),
    );
    expect((await askAdmin(admin, '/')).text).to.include('No rotation goes on');
    expect(await metric('next_step', ['step="prepare"'])).to.equal(1);

    await mirrorgate('ca', 'rotate', '--config', stage.gate.configurationFile);
    await askFrom(follower, '/ca/bundle.pem');
    await eventually('a step that a client holds up', async () => {
      await askFrom(bystander, path);
      return (await metric('waits_for_clients')) === 1;
    });
    expect(await metric('next_step', ['step="prepare"'])).to.equal(0);
    expect(await metric('lacking_clients')).to.equal(1);
    expect(await rowOf(bystander)).to.include('lacks the new root');
    const { text } = await askAdmin(admin, '/');
    expect(text).to.include('clients seen of late lack the new root');
    expect(text.replace(/\s+/g, ' ')).to.match(/Lack the new root: [^<]*127\.0\.0\.2/);
    expect(await rowOf(follower)).to.include('has the new root');
  });
});
