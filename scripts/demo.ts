/**
 * `npm run demo`: a real registry with an image made on the spot, mirrorgate in front of it, and
 * two pulls of a real client over verified TLS. Needs no internet; prints what each pull cost.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { runCommand } from '../test/support/lab/command.ts';
import { DebianRegistry } from '../test/support/lab/debian-registry.ts';
import { Gate, type AccessLine } from '../test/support/lab/gate.ts';
import { ImageLayout } from '../test/support/lab/image-layout.ts';
import { OpenParts } from '../test/support/lab/open-parts.ts';
import { machine } from '../test/support/lab/place.ts';
import { pushImage } from '../test/support/lab/skopeo.ts';
import { TemporaryDirectory } from '../test/support/lab/temporary-directory.ts';

const layerBytes = 32 * 1024 * 1024;

function say(text: string): void {
  console.log(text);
}

function accessText(line: AccessLine): string {
  const { reference = 'ping', status, bytes, durationMs, cache, upstreamRequests } = line;
  const shown = reference.length > 19 ? `${reference.slice(0, 18)}…` : reference;
  return [
    `  ${line.method} ${shown.padEnd(19)}`,
    String(status),
    `${bytes} B`.padStart(12),
    `${durationMs} ms`.padStart(7),
    `upstream ${upstreamRequests ?? 0}`,
    cache ?? '',
  ].join('  ');
}

const parts = new OpenParts();
try {
  say('Starting a registry (Debian docker-registry) and making an image of 32 MiB …');
  const registry = await parts.add(DebianRegistry.start());
  const layout = await parts.add(ImageLayout.create());
  const image = await layout.addRandom('demo', {
    seed: 'demo',
    layers: 2,
    layerSizeBytes: layerBytes / 2,
  });
  await pushImage({ place: machine, layout, image, to: `${registry.host}/library/demo:1` });

  say('Starting mirrorgate in front of it, with a certificate of its own private CA …');
  const gate = await parts.add(
    Gate.start({
      universalHosts: ['localhost'],
      mirrors: [{ name: 'hub', registry: 'docker.io', upstream: registry.url }],
    }),
  );
  const work = await parts.add(TemporaryDirectory.create('demo'));
  await mkdir(work.join('trust'));
  await writeFile(work.join('trust', 'ca.crt'), await gate.bundle());

  for (const pull of ['cold', 'warm']) {
    const seen = gate.accessLog().length;
    const upstreamBefore = (await registry.requests()).length;
    const begunAt = performance.now();
    const source = `localhost:${gate.httpsPort}/library/demo:1`;
    await runCommand(machine, [
      ...['skopeo', '--insecure-policy', 'copy', '--quiet', '--src-cert-dir', work.join('trust')],
      ...[`docker://${source}`, `dir:${work.join(pull)}`],
    ]);
    const durationMs = Math.round(performance.now() - begunAt);
    const upstreamRequests = (await registry.requests()).length - upstreamBefore;
    say(`\n${pull} pull of ${source}: ${durationMs} ms, ${upstreamRequests} upstream requests`);
    // A line follows its answer; the client has all answers by now.
    await gate.waitForLog('the blobs in the log', () =>
      gate.accessLog().length - seen >= image.blobs.length + 2 ? true : undefined,
    );
    for (const line of gate.accessLog().slice(seen)) say(accessText(line));
  }
  say(
    '\nThe second pull asked the registry for nothing. `npm start` does this for Docker Hub & co.',
  );
} finally {
  await parts.close();
}
