import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { hubHost, Stage, type Blob } from '../../support/app/stage.ts';
import { noteFigure, percentile } from '../../support/figures.ts';
import { runCommand } from '../../support/lab/command.ts';
import { machine } from '../../support/lab/place.ts';
import { scaled } from '../../support/scale.ts';

const mib = 1024 * 1024;
/** In which the memory of the idle connections is looked at. */
const pauseMs = 500;
/** Registries on the internet take about as long to begin. */
const upstreamDelayMs = 250;

const isFull = scaled(1) > 1;
/** A herd of 1 000 takes a minute of two processors. */
const herds = isFull ? [100, 1_000] : [30];
const sizeBytes = (isFull ? 16 : 2) * mib;
const herdClients = fileURLToPath(
  new URL('../../../scripts/bench/herd-clients.ts', import.meta.url),
);

describe('a herd of clients for one cold blob', function () {
  this.timeout(isFull ? 600_000 : 60_000);
  let stage: Stage;

  before(async () => {
    stage = await Stage.start(
      {},
      {
        wrap: (registry) => async (exchange) => {
          await sleep(upstreamDelayMs);
          await registry(exchange);
        },
      },
    );
  });
  after(() => stage.close());

  /** Milliseconds to the first body byte of each of `count` clients, connected before. */
  const ask = async ({ path }: Blob, count: number): Promise<number[]> => {
    const { stdout } = await runCommand(
      machine,
      [
        ...[process.execPath, '--import', 'tsx', herdClients],
        ...[String(stage.gate.httpsPort), path, String(count), hubHost, String(pauseMs)],
      ],
      { deadlineMs: 300_000 },
    );
    return JSON.parse(stdout) as number[];
  };
  const residentMib = async (): Promise<number> => {
    const { edge, worker } = await stage.processes();
    const sizes = await Promise.all([edge, worker].map(residentKib));
    return sizes.reduce((sum, size) => sum + size, 0) / 1024;
  };
  for (const count of herds) {
    it(`of ${count} gets it from one upstream request, at once and in little memory`, async () => {
      const alone: number[] = [];
      for (let turn = 0; turn < 5; turn += 1) {
        const blob = stage.addBlob(sizeBytes);
        alone.push(...(await ask(blob, 1)));
        stage.registry.removeBlob(blob.digest);
      }
      let [connected, peak] = [0, 0];
      const blob = stage.addBlob(sizeBytes);
      stage.registry.forgetRequests();
      const run = { isOver: false };
      const watching = (async () => {
        while (!run.isOver) {
          const now = await residentMib();
          if (stage.registry.count('blob') === 0) connected = now;
          peak = Math.max(peak, now);
          await sleep(100);
        }
      })();
      const times = await ask(blob, count).finally(() => (run.isOver = true));
      await watching;
      stage.registry.removeBlob(blob.digest);
      const gets = stage.registry.count('blob', 'GET');
      const heads = stage.registry.count('blob', 'HEAD');
      const [single, p99] = [percentile(alone, 0.5), percentile(times, 0.99)];
      noteFigure(
        'F5',
        `${count} clients, 16 MiB: ${gets} GET, ${heads} HEAD; first byte alone ${Math.round(single)} ms, p99 ${Math.round(p99)} ms (${(p99 / single).toFixed(2)} ×); resident ${Math.round(connected)} MiB once connected, at most ${Math.round(peak)} MiB`,
      );
      expect([gets, heads, times.length]).to.deep.equal([1, 0, count]);
    });
  }
});

async function residentKib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+([0-9]+) kB$/m.exec(status)?.[1]);
}
