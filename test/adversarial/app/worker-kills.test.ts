import { randomBytes, randomInt } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { ask, begin } from '../../support/app/gate-client.ts';
import { repository, Stage } from '../../support/app/stage.ts';
import { noteFigure, percentile } from '../../support/figures.ts';
import { scaled } from '../../support/scale.ts';
import { until } from '../../support/until.ts';

const mib = 1024 * 1024;
const sizeBytes = (scaled(1) > 1 ? 64 : 16) * mib;
const clients = 4;
/** Each death doubles the pause before the next start: a gate is killed no oftener than this. */
const killsPerGate = 4;

describe('a worker that is killed at a random point of a cold pull', function () {
  this.timeout(120_000 * Math.max(1, scaled(1)));
  let stage: Stage;

  const startStage = async (): Promise<void> => {
    const cache = { directory: 'cache', maxSize: '1GiB', minFree: '16MB' };
    stage = await Stage.start({ settings: { cache } });
  };
  beforeEach(startStage);
  afterEach(() => stage.close());

  /** Bytes that lie half-written in the cache. */
  const orphanBytes = async (): Promise<number> => {
    const folder = join(dirname(stage.gate.configurationFile), 'cache', 'filling');
    let bytes = 0;
    for (const name of await readdir(folder, { recursive: true })) {
      const facts = await stat(join(folder, name)).catch(() => undefined);
      if (facts?.isFile() === true) bytes += facts.size;
    }
    return bytes;
  };

  it('costs no client a byte, and leaves none behind', async () => {
    const bytes = randomBytes(sizeBytes);
    const recoveriesMs: number[] = [];
    let [corrupt, whole, orphans] = [0, 0, 0];
    const rounds = scaled(2);
    for (let round = 0; round < rounds; round += 1) {
      if (round > 0 && round % killsPerGate === 0) {
        await stage.close();
        await startStage();
      }
      bytes.writeUInt32BE(round);
      const digest = stage.registry.addBlob(bytes);
      const path = `/v2/${repository}/blobs/${digest}`;
      const { worker } = await stage.processes();
      const killAt = randomInt(0, sizeBytes);
      let killedAt: number | undefined;
      const pull = async (): Promise<void> => {
        const response = await begin(stage.target(), path);
        let position = 0;
        let isRight = response.statusCode === 200;
        try {
          for await (const chunk of response as AsyncIterable<Buffer>) {
            isRight &&= bytes.subarray(position, position + chunk.length).equals(chunk);
            position += chunk.length;
            if (position < killAt || killedAt !== undefined) continue;
            killedAt = performance.now();
            process.kill(worker, 'SIGKILL');
          }
        } catch {
          // Cut: told by its length.
        }
        if (!isRight || position > sizeBytes) corrupt += 1;
        else if (response.complete && position === sizeBytes) whole += 1;
      };
      const recovery = async (): Promise<void> => {
        await until('the kill', () => killedAt !== undefined, 60_000);
        await until('another worker', async () => {
          const after = await stage.processes().catch(() => undefined);
          return after !== undefined && after.worker !== worker;
        });
        const { status } = await ask(stage.target(), `/v2/${repository}/blobs/${digest}`);
        if (status === 200) recoveriesMs.push(performance.now() - (killedAt ?? 0));
      };
      await Promise.all([...Array.from({ length: clients }, pull), recovery()]);
      await until('nothing to be half-written', async () => (await orphanBytes()) === 0, 30_000);
      orphans += await orphanBytes();
      stage.registry.removeBlob(digest);
    }
    const p95 = Math.round(percentile(recoveriesMs, 0.95));
    const pulls = rounds * clients;
    noteFigure(
      'F1',
      `${rounds} kills, ${pulls} pulls of 64 MiB: ${corrupt} with wrong bytes, ${whole} whole, ${orphans} orphan bytes, pulled whole again after p95 ${p95} ms`,
    );
    expect({ corrupt, orphans }).to.deep.equal({ corrupt: 0, orphans: 0 });
    expect(whole).to.equal(pulls);
  });
});
