/**
 * `npm run bench:faults`: what goes wrong around a cache, done to ours and to Debian's
 * docker-registry as proxy, side by side, printed as one table. Runs in a mount namespace of its
 * own, for the disk that is full.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { open, truncate } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Digest } from '../../lib/oci/digest.ts';
import { percentile } from '../../test/support/figures.ts';
import { TemporaryDirectory } from '../../test/support/lab/temporary-directory.ts';
import {
  startDistribution,
  startOurs,
  type Answer,
  type CacheServer,
  type ServerOptions,
} from './fault-servers.ts';

type Start = (options: ServerOptions) => Promise<CacheServer>;
type Case = (start: Start) => Promise<string>;

const mib = 1024 * 1024;
const repository = 'acme/app';
const blobPath = (digest: Digest): string => `/v2/${repository}/blobs/${digest}`;

const cases: Readonly<Record<string, Case>> = {
  '100 cold pulls of 8 MiB, upstream 250 ms away with 4 MiB/s': async (start) => {
    const wrap: NonNullable<ServerOptions['upstream']>['wrap'] = (inner) => async (exchange) => {
      await sleep(250);
      await inner(exchange);
    };
    return await using(start({ upstream: { wrap } }), async ({ upstream, get }) => {
      upstream.setFault('blob', { kind: 'slow', bytesPerSecond: 4 * mib });
      const digest = upstream.addBlob(randomBytes(8 * mib));
      const answers = await Promise.all(
        // A gate gives one address a limited number of connections.
        Array.from({ length: 100 }, (_, index) =>
          get(blobPath(digest), `127.0.2.${1 + Math.floor(index / 25)}`),
        ),
      );
      const gets = upstream.count('blob', 'GET');
      const heads = upstream.count('blob', 'HEAD');
      const first = percentile(
        answers.map(({ firstByteMs }) => firstByteMs),
        0.99,
      );
      const right = answers.filter((answer) => isRight(answer, digest)).length;
      const sent = Math.round(upstream.bodyBytes('blob') / mib);
      return `${gets} GET + ${heads} HEAD, ${sent} MiB from upstream, first byte p99 ${Math.round(first)} ms, ${right} right`;
    });
  },
  'cached blob truncated on disk': (start) =>
    afterDamage(start, (path) => truncate(path, 1_000_000)),
  'cached blob with a flipped byte': (start) =>
    afterDamage(start, async (path) => {
      const file = await open(path, 'r+');
      await file.write(randomBytes(8), 0, 8, 100_000);
      await file.close();
    }),
  'upstream flips a byte of a blob': (start) =>
    using(start({}), async ({ upstream, get }) => {
      upstream.setFault('blob', { kind: 'flip', atByte: 1_000_000 });
      const digest = upstream.addBlob(randomBytes(2 * mib));
      const [first, second] = [await get(blobPath(digest)), await get(blobPath(digest))];
      upstream.setFault('blob', undefined);
      return `${verdict(first, digest)}; again: ${verdict(second, digest)}`;
    }),
  'upstream serves another manifest for a digest': (start) =>
    using(start({}), async ({ upstream, get }) => {
      const body = { schemaVersion: 2, mediaType: manifestType, config: link, layers: [link] };
      const digest = upstream.addManifest({ repository, tag: '1', body });
      const other = Buffer.from(JSON.stringify({ ...body, layers: [] }));
      upstream.setFault('manifest', { kind: 'replace', bytes: other });
      return verdict(await get(`/v2/${repository}/manifests/${digest}`), digest);
    }),
  'upstream cuts a 16 MiB blob at half': (start) =>
    using(start({}), async ({ upstream, get }) => {
      upstream.setFault('blob', { kind: 'cut', atByte: 8 * mib, times: 1 });
      const digest = upstream.addBlob(randomBytes(16 * mib));
      return verdict(await get(blobPath(digest)), digest);
    }),
  'cache disk of 8 MiB, 16 MiB blob, then a manifest': async (start) => {
    const disk = await TemporaryDirectory.create('disk');
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=0700', 'disk', disk.path]);
    try {
      return await using(start({ storage: disk.join('cache') }), async (server) => {
        const { upstream, get } = server;
        const digest = upstream.addBlob(randomBytes(16 * mib));
        const blob = await get(blobPath(digest));
        const body = { schemaVersion: 2, mediaType: manifestType, config: link, layers: [link] };
        const manifest = upstream.addManifest({ repository, tag: '1', body });
        const answer = await get(`/v2/${repository}/manifests/1`);
        const kept = Math.round((await server.storedBytes()) / mib);
        return `blob ${verdict(blob, digest)}; manifest ${verdict(answer, manifest)}; ${kept} MiB left on disk`;
      });
    } finally {
      spawnSync('umount', [disk.path]);
      await disk.close();
    }
  },
  'killed (-9) in the middle of 5 pulls of 16 MiB': (start) =>
    using(start({}), async (server) => {
      const { upstream, get } = server;
      upstream.setFault('blob', { kind: 'slow', bytesPerSecond: 16 * mib });
      let wrong = 0;
      for (let count = 0; count < 5; count += 1) {
        const digest = upstream.addBlob(randomBytes(16 * mib));
        const pull = get(blobPath(digest));
        await sleep(500);
        await server.killAndRestart();
        const answer = await pull;
        if (answer.isComplete && !isRight(answer, digest)) wrong += 1;
      }
      const left = (await server.storedBytes()) / mib;
      return `${wrong} complete with wrong bytes; ${Math.round(left)} MiB of leftovers after the restart`;
    }),
  'upstream gone, tag cached and past its ttl': (start) =>
    using(start({}), async ({ upstream, get }) => {
      const body = { schemaVersion: 2, mediaType: manifestType, config: link, layers: [link] };
      const digest = upstream.addManifest({ repository, tag: '1', body });
      const path = `/v2/${repository}/manifests/1`;
      await get(path);
      upstream.setFault('manifest', { kind: 'reset' });
      await sleep(1_200);
      const answer = await get(path);
      const { warning, age } = answer.headers;
      const told = `${warning === undefined ? 'no Warning' : 'Warning'}, ${age === undefined ? 'no Age' : 'Age'}`;
      return `${verdict(answer, digest)}, ${told}`;
    }),
};

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const link = { mediaType: 'application/json', digest: `sha256:${'a'.repeat(64)}`, size: 2 };

async function using(
  starting: Promise<CacheServer>,
  work: (server: CacheServer) => Promise<string>,
): Promise<string> {
  const server = await starting;
  try {
    return await work(server);
  } finally {
    await server.close();
  }
}

function afterDamage(start: Start, damage: (path: string) => Promise<void>): Promise<string> {
  return using(start({}), async ({ upstream, get, contentFile }) => {
    const digest = upstream.addBlob(randomBytes(5_000_000));
    await get(blobPath(digest));
    await damage(await contentFile(digest));
    const [first, second] = [await get(blobPath(digest)), await get(blobPath(digest))];
    return `${verdict(first, digest)}; again: ${verdict(second, digest)}`;
  });
}

function isRight({ status, isComplete, sha256 }: Answer, digest: Digest): boolean {
  return status === 200 && isComplete && digest.endsWith(sha256);
}

function verdict(answer: Answer, digest: Digest): string {
  const { status, isComplete } = answer;
  if (isRight(answer, digest)) return '200, right';
  if (status === 0) return 'no answer';
  if (status !== 200) return String(status);
  return isComplete ? '**200, complete, wrong bytes**' : '200, cut';
}

const starts: readonly Start[] = [startOurs, startDistribution];
console.log('| case | mirrorgate | docker-registry 2.8.2 as proxy |\n|---|---|---|');
for (const [name, run] of Object.entries(cases)) {
  const cells: string[] = [];
  for (const start of starts) cells.push(await run(start));
  console.log(`| ${name} | ${cells.join(' | ')} |`);
}
