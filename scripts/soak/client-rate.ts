/**
 * How exactly a client's rate is kept over 1 to 16 connections, and how the count of the budget
 * compares with the interface's. In a network namespace of its own, so that nothing else is counted:
 * `unshare -n sh -c 'ip link set lo up; npm run soak:client-rate'`.
 */
import { readFileSync } from 'node:fs';
import { noOrders } from '../../lib/budget/usage.ts';
import { EdgeBench } from '../../test/support/edge/edge-bench.ts';
import { begin } from '../../test/support/edge/https-client.ts';

const rate = 10e6;
const seconds = 5;
const blob = `/v2/acme/app/blobs/sha256:${'a'.repeat(64)}`;

/** Of the namespace that this runs in, which /sys does not show. */
function sentByLoopback(): number {
  const text = readFileSync('/proc/self/net/dev', 'utf8');
  const fields = /^\s*lo:\s*(.*)$/m.exec(text)?.[1]?.trim().split(/\s+/) ?? [];
  return Number(fields[8]);
}

async function counted(bench: EdgeBench): Promise<number> {
  await bench.clock.advance(1_000);
  const deltas = bench.usage.splice(0).flatMap((report) => report.deltas);
  return deltas.reduce((sum, { bytes }) => sum + bytes, 0);
}

const bench = await EdgeBench.start();
bench.edge.setOrders({ ...noOrders, clientBytesPerSecond: rate });
bench.worker.handler = (_request, response) => {
  response.writeHead(200, { 'content-length': 2 ** 40 });
  const piece = Buffer.alloc(64 * 1024);
  const more = (): void => {
    while (response.write(piece));
  };
  response.on('drain', more);
  more();
};
for (const connections of [1, 2, 4, 8, 16]) {
  const bodies = await Promise.all(
    Array.from({ length: connections }, () => begin({ port: bench.port, path: blob })),
  );
  let received = 0;
  for (const body of bodies) {
    body.on('error', () => undefined).on('data', (chunk: Buffer) => (received += chunk.length));
  }
  // What was saved up and what a first piece of each is allowed is over by then.
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const [receivedBefore, begunAt] = [received, performance.now()];
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  const tookSeconds = (performance.now() - begunAt) / 1_000;
  const share = (received - receivedBefore) / tookSeconds / rate;
  console.log(`${connections} connections: ${(share * 100).toFixed(1)}% of the rate`);
  for (const body of bodies) body.destroy();
  await new Promise((resolve) => setTimeout(resolve, 500));
}
await bench.close();
const [count, sent] = [await counted(bench), sentByLoopback()];
const part = ((count / sent) * 100).toFixed(2);
console.log(`counted ${count} of the ${sent} bytes that lo sent: ${part}%`);
