/**
 * Pulls whole images through the workers of a running gate, as an edge would: by the same routes,
 * from the worker that owns each part. The bytes are thrown away, the cache keeps them.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Configuration } from '../config/configuration.ts';
import { Router, type PullRoute } from '../edge/router.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { chooseWorker, ownerKey } from '../net/worker-choice.ts';
import type { Digest } from '../oci/digest.ts';
import { manifestLinks, type LinkedManifest } from '../oci/manifest-links.ts';
import { maxManifestBytes } from '../oci/manifest.ts';
import { pullPath } from '../oci/pull-path.ts';
import { readBody } from '../upstream/body.ts';
import { edgeSettings, workerSockets } from './settings.ts';

export interface WarmedImage {
  readonly image: string;
  readonly blobs: number;
  readonly blobsDone: number;
  /** Not cached before. */
  readonly blobsFetched: number;
  /** Of what was fetched. */
  readonly bytes: number;
}

/** Layers at a time: enough to fill a line, few enough for the upstream's patience. */
const parallel = 3;

/** Longest silence of a worker, which has deadlines of its own for upstreams. */
const idleMs = 120_000;

const maxReasonBytes = 16 * 1024;

type Counts = { -readonly [Key in keyof WarmedImage]: WarmedImage[Key] };

export class ImageWarmer {
  readonly #router: Router;
  readonly #sockets: readonly string[];
  readonly #platforms: readonly string[];

  constructor(configuration: Configuration, platforms: readonly string[]) {
    this.#router = new Router(edgeSettings(configuration));
    this.#sockets = workerSockets(configuration);
    this.#platforms = platforms;
  }

  /** @throws MirrorgateError of the route; `MIRRORGATE_CACHE_WARM` with what the worker answered */
  async warm(image: string, onProgress: (sofar: WarmedImage) => void): Promise<WarmedImage> {
    const route = this.#route(image);
    const blobs = [...(await this.#blobs(route))];
    const counts: Counts = { image, blobs: blobs.length, blobsDone: 0, blobsFetched: 0, bytes: 0 };
    const onBytes = (bytes: number): void => {
      counts.bytes += bytes;
      onProgress(counts);
    };
    const work = async (): Promise<void> => {
      for (let digest = blobs.pop(); digest !== undefined; digest = blobs.pop()) {
        if (await this.#fetchBlob(route, digest, onBytes)) counts.blobsFetched += 1;
        counts.blobsDone += 1;
        onProgress(counts);
      }
    };
    await Promise.all(Array.from({ length: parallel }, work));
    return counts;
  }

  /** `alpine` → `docker.io/library/alpine:latest`, by the rules of the universal host. */
  #route(image: string): PullRoute {
    const [, name = image, reference = 'latest'] =
      /^([^@]+)@(.+)$/.exec(image) ?? /^(.+):([^/:]+)$/.exec(image) ?? [];
    const path = `/v2/${name}/manifests/${reference}`;
    const route = this.#router.routeRegistry({ kind: 'universal' }, { path, query: '' });
    if (route.kind === 'pull') return route;
    throw failure(`"${image}" names no image`);
  }

  async #blobs(route: PullRoute): Promise<Set<Digest>> {
    const { blobs, manifests } = await this.#manifest(route);
    const found = new Set(blobs);
    const wanted = manifests.filter((manifest) => this.#isWanted(manifest));
    if (manifests.length > 0 && wanted.length === 0) {
      const offered = manifests.flatMap(({ platform }) => platform ?? []).join(', ');
      throw failure(`there is none for ${this.#platforms.join(', ')}, only for ${offered}`);
    }
    for (const { digest } of wanted) {
      const { repository } = route.pull;
      const reference = { kind: 'digest', digest } as const;
      const child = { ...route, pull: { kind: 'manifest', repository, reference } as const };
      for (const blob of (await this.#manifest(child)).blobs) found.add(blob);
    }
    return found;
  }

  /** `linux/arm64` means each of its variants. */
  #isWanted({ platform = '' }: LinkedManifest): boolean {
    return this.#platforms.some(
      (wanted) => wanted === 'all' || platform === wanted || platform.startsWith(`${wanted}/`),
    );
  }

  async #manifest(route: PullRoute) {
    const body = await this.#ask(route);
    return manifestLinks(await readBody({ body, host: 'the cache' }, maxManifestBytes));
  }

  /** Whether it had to be fetched. */
  async #fetchBlob(
    route: PullRoute,
    digest: Digest,
    onBytes: (bytes: number) => void,
  ): Promise<boolean> {
    const { repository } = route.pull;
    const response = await this.#ask({ ...route, pull: { kind: 'blob', repository, digest } });
    if (response.headers['cache-status'] === 'mirrorgate; hit') {
      response.destroy();
      return false;
    }
    for await (const chunk of response as AsyncIterable<Buffer>) onBytes(chunk.length);
    return true;
  }

  #ask({ mirror, pull }: PullRoute): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const path = `/${mirror.name}${pullPath(pull)}`;
    const owner = chooseWorker(ownerKey(mirror.name, pull), this.#sockets.length);
    const sent = httpRequest({ socketPath: this.#sockets[owner], path, agent: false });
    sent.setTimeout(idleMs, () => sent.destroy(failure(`the cache was silent for ${idleMs} ms`)));
    sent.on('error', reject).end();
    sent.on('response', (response) => {
      if (response.statusCode === 200) {
        resolve(response);
        return;
      }
      const status = response.statusCode ?? 0;
      readReason(response).then(
        (reason) => reject(failure(`${path} was answered ${status}: ${reason}`)),
        reject,
      );
    });
    return promise;
  }
}

/** What the OCI error body of an answer says. */
async function readReason(response: IncomingMessage): Promise<string> {
  const text = (await readBody({ body: response, host: 'the cache' }, maxReasonBytes)).toString();
  return /"message":"([^"]*)"/.exec(text)?.[1] ?? 'no reason given';
}

function failure(message: string): MirrorgateError {
  return new MirrorgateError('MIRRORGATE_CACHE_WARM', message, {
    hint: 'the log of the gate says more',
  });
}
