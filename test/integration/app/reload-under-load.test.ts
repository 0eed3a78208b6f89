import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { ask, handshake } from '../../support/app/gate-client.ts';
import { repository, Stage } from '../../support/app/stage.ts';
import { scaled } from '../../support/edge/scale.ts';

/** Would let in whom the tests call a stranger, and nobody else. */
const wrongList = 'allow:\n  - 127.0.0.66\n  - 300.0.0.1\n';

describe('a gate under load that is reloaded again and again', () => {
  let stage: Stage;
  let isOver: boolean;

  /** Does it until the test is over; resolves with how often that was. */
  const repeat = async (work: () => Promise<void>): Promise<number> => {
    let count = 0;
    for (; !isOver; count += 1) await work();
    return count;
  };
  beforeEach(async () => {
    isOver = false;
    stage = await Stage.start();
  });
  afterEach(() => stage.close());

  it('fails no pull, and makes no wrong decision', async function () {
    this.timeout(scaled(60_000));
    const manifest = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json' };
    stage.registry.addManifest({ repository, tag: '1', body: { ...manifest, layers: [] } });
    const statuses = new Set<number>();
    const pull = async (path: string): Promise<void> => {
      const { status, complete } = await ask(stage.target(), path);
      statuses.add(complete ? status : 0);
    };
    const outcomes = new Set<string>();
    const stranger = async (): Promise<void> => {
      const socket = await handshake(stage.target(undefined, { from: '127.0.0.66' })).catch(
        () => undefined,
      );
      outcomes.add(socket === undefined ? 'denied' : 'let in');
      socket?.destroy();
    };
    await stage.gate.allow(['127.0.0.1']);
    await stage.gate.waitForLog('line about the allow-list', () =>
      stage.gate.log().find(({ event }) => event === 'allow-list reloaded'),
    );
    const load = Promise.all([
      ...[1, 2, 3].map(() => repeat(() => pull(`/v2/${repository}/manifests/1`))),
      ...[1, 2, 3].map(() => repeat(() => pull(stage.addBlob(100_000).path))),
      repeat(stranger),
    ]);
    const listFile = join(dirname(stage.gate.configurationFile), 'allow-list.yaml');
    const events = new Map<string, number>();
    for (let round = 0; round < scaled(40); round += 1) {
      // Every tenth is invalid: the configuration and the allow-list by turns.
      if (round % 20 === 9) await writeFile(stage.gate.configurationFile, 'mirrors: [{');
      else await stage.gate.configure({ mirrors: [stage.mirror({ tags: { ttl: `${round}ms` } })] });
      if (round % 20 === 19) await writeFile(listFile, wrongList);
      else await stage.gate.allow(['127.0.0.1', `127.0.1.${round % 200}`]);
      const { event } = await stage.gate.reload();
      events.set(event, (events.get(event) ?? 0) + 1);
    }
    const refusals = stage.gate.log().flatMap(({ event, error }) => {
      return event.startsWith('reload refused') ? [String(error)] : [];
    });
    for (const file of ['mirrorgate.yaml', 'allow-list.yaml']) {
      expect(refusals.filter((text) => text.includes(file)).length, file).to.be.at.least(scaled(1));
    }
    isOver = true;
    const counts = await load;
    expect([...statuses]).to.deep.equal([200]);
    expect([...outcomes]).to.deep.equal(['denied']);
    expect(Math.min(...counts)).to.be.above(5);
    expect(events.get('configuration reloaded')).to.be.at.least(scaled(30));
  });
});
