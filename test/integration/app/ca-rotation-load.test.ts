/**
 * Handshakes through a whole rotation, by clients that know the old root, both, or the new one:
 * `npm run soak:rotation` makes 10 000 of them.
 */
import { expect } from 'chai';
import { ask, handshake } from '../../support/app/gate-client.ts';
import { mirrorgate } from '../../support/app/program.ts';
import { hubHost, Stage, zone } from '../../support/app/stage.ts';
import { scaled } from '../../support/scale.ts';
import { until } from '../../support/until.ts';

const handshakes = scaled(100);
const clientsOfEach = 2;
/** Slow enough that the overlap has room for all of them. */
const handshakesPerSecond = 20;
const overlapSeconds = Math.max(2, Math.ceil(handshakes / handshakesPerSecond));
/** A certificate is to outlive what a busy machine takes to renew it. */
const leafSeconds = Math.max(8, Math.ceil(overlapSeconds / 8));

type Knowledge = 'old' | 'both' | 'new';

describe(`${handshakes} handshakes through a rotation`, function () {
  this.timeout((overlapSeconds + leafSeconds + 90) * 1_000);
  let stage: Stage;

  before(async () => {
    const privateCa = {
      permitted: [zone],
      rootLifetime: `${overlapSeconds * 100}s`,
      leafLifetime: `${leafSeconds}s`,
      overlap: `${overlapSeconds}s`,
    };
    stage = await Stage.start({ settings: { certificates: { directory: 'certs', privateCa } } });
  });
  after(() => stage.close());

  const isAccepted = (roots: string): Promise<boolean> =>
    handshake(stage.target(hubHost, { ca: roots })).then(
      (socket) => {
        const { authorized } = socket;
        socket.destroy();
        return authorized;
      },
      () => false,
    );
  const rootsIn = async (known: string): Promise<string[]> => {
    const answer = await ask(stage.target(hubHost, { ca: known }), '/ca/bundle.json');
    const { roots } = JSON.parse(answer.body.toString()) as { roots: { pem: string }[] };
    return roots.map(({ pem }) => pem);
  };

  it('fail for nobody before the old root is retired, and for all who know it alone then', async () => {
    const old = stage.ca;
    const { exitCode } = await mirrorgate('ca', 'rotate', '--config', stage.gate.configurationFile);
    expect(exitCode).to.equal(0);
    const young = (await rootsIn(old))[1] ?? '';
    const knowledge: Readonly<Record<Knowledge, string>> = {
      old,
      both: old + young,
      new: young,
    };
    const accepted: Record<Knowledge, number> = { old: 0, both: 0, new: 0 };
    const failures: string[] = [];
    const isRetired = async (): Promise<boolean> => (await rootsIn(knowledge.both)).length === 1;
    let isOver = false;

    const client = async (kind: Knowledge): Promise<void> => {
      while (!isOver) {
        if (await isAccepted(knowledge[kind])) accepted[kind] += 1;
        // The new root is good for nothing alone before it signs.
        else if (kind === 'new' && accepted.new === 0) continue;
        else if (kind === 'old' && (await isRetired())) return;
        else failures.push(kind);
      }
    };
    const running = (['old', 'both', 'new'] as const).flatMap((kind) =>
      Array.from({ length: clientsOfEach }, () => client(kind)),
    );
    const deadline = Date.now() + (overlapSeconds + leafSeconds + 60) * 1_000;
    while (!(await isRetired())) expect(Date.now()).to.be.below(deadline);
    await until('the chain without the old root', async () => !(await isAccepted(old)));
    isOver = true;
    await Promise.all(running);

    expect(failures).to.deep.equal([]);
    const total = accepted.old + accepted.both + accepted.new;
    console.info(`      ${JSON.stringify({ ...accepted, total, failures: failures.length })}`);
    expect(total).to.be.at.least(handshakes);
    for (let attempt = 0; attempt < scaled(5); attempt += 1) {
      expect(await isAccepted(old)).to.equal(false);
      expect(await isAccepted(knowledge.both)).to.equal(true);
      expect(await isAccepted(young)).to.equal(true);
    }
  });
});
