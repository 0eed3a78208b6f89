/**
 * `npm run bench:hostile`: what strangers do to servers, done to ours and to what people put before
 * a registry instead, side by side, printed as one table. `-- --short` takes about two minutes,
 * `-- --malformed 10000 --slow 1000` says how many of each, `-- --alone` leaves the others out.
 */
import { parseArgs } from 'node:util';
import { OpenParts } from '../../test/support/lab/open-parts.ts';
import { TemporaryDirectory } from '../../test/support/lab/temporary-directory.ts';
import { makeCertificates } from './certificates.ts';
import { makeContent } from './content.ts';
import { countMalformed, type MalformedCounts } from './hostile-requests.ts';
import { holdSlowClients, slowKinds, type SlowFigures } from './hostile-slow.ts';
import { Ours } from './ours.ts';
import { startPeers, type Running, type Setup } from './peers.ts';

const { values: options } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    malformed: { type: 'string' },
    slow: { type: 'string' },
    alone: { type: 'boolean', default: false },
  },
});
const malformed = Number(options.malformed ?? (options.short ? 1_000 : 10_000));
const slow = Number(options.slow ?? (options.short ? 200 : 1_000));
/** Whoever is there after this is said to stay. */
const patienceSeconds = options.short ? 35 : 75;

interface Figures {
  readonly name: string;
  readonly malformed: MalformedCounts;
  readonly slow: SlowFigures;
}

function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  return [head, head.map(() => '---'), ...body].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function report(all: readonly Figures[]): string {
  const row = (title: string, value: (figures: Figures) => string): string[] => [
    title,
    ...all.map(value),
  ];
  const count = (title: string, key: keyof MalformedCounts): string[] =>
    row(title, (figures) => String(figures.malformed[key]));
  return table([
    ['', ...all.map(({ name }) => name)],
    count(`of ${malformed} malformed requests: refused (4xx)`, 'refused'),
    count('closed without an answer', 'closed'),
    count('answered (2xx, 3xx)', 'answered'),
    count('failed (5xx)', 'failed'),
    count('still open after 3 s', 'open'),
    count('more than one answer', 'several'),
    ...slowKinds.map(({ name }) =>
      row(
        `${slow / slowKinds.length} that ${name}: the last gone after`,
        ({ slow: { goneAfter } }) => {
          const seconds = goneAfter.get(name);
          return seconds === undefined
            ? `more than ${patienceSeconds} s`
            : `${seconds.toFixed(1)} s`;
        },
      ),
    ),
    row("a good client's p99 before, among them", ({ slow: { before, among } }) => {
      return `${before.toFixed(1)}, ${among.toFixed(1)} ms`;
    }),
  ]);
}

const parts = new OpenParts();
try {
  const { path: root } = await parts.add(TemporaryDirectory.create('hostile'));
  const content = await makeContent(root, 64 * 1024 ** 2);
  const bench = { root, content, certificates: await makeCertificates(root) };
  const started: Promise<Running>[] = [];
  const peers = await startPeers(bench, (part) => {
    started.push(parts.add(Promise.resolve(part)));
  });
  await Promise.all(started);
  const upstream = `https://localhost:${peers.nginx.port}`;
  const ours = await parts.add(Ours.start({ bench, upstream }));
  const others = options.alone ? [] : [peers.nginxBefore, peers.caddyBefore];
  const setups: readonly Setup[] = [ours.setup, ...others];
  const all: Figures[] = [];
  for (const { name, port } of setups) {
    console.error(`${name}: malformed requests …`);
    const counts = await countMalformed(port, malformed);
    console.error(`${name}: slow clients …`);
    const figures = await holdSlowClients({ port, count: slow, patienceSeconds, content });
    all.push({ name, malformed: counts, slow: figures });
  }
  console.log(report(all));
} finally {
  await parts.close();
}
