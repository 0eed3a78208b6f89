/**
 * Which mirror, service or document a request is for. Closed sets only: nothing a client names is
 * ever dialled, it is looked up or refused.
 */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { Service } from '../config/configuration.ts';
import type { HostName } from '../net/host-name.ts';
import { RecentTexts } from '../net/recent-texts.ts';
import { globMatcher } from '../oci/glob.ts';
import { tryRepositoryName, type RepositoryName } from '../oci/names.ts';
import { parsePullPath, type PullPathFault, type PullRequest } from '../oci/pull-path.ts';
import type { ResponseErrorCode } from '../oci/error-responses.ts';
import type { Target } from './admission.ts';
import type { EdgeMirror, EdgeSettings } from './settings.ts';

/** A pull of one mirror, its repository as the upstream spells it. */
export interface PullRoute {
  readonly mirror: EdgeMirror;
  readonly pull: Exclude<PullRequest, { kind: 'ping' }>;
  /** The `ns` that the client sent, to be told back (distribution-spec §Registry Proxying). */
  readonly namespace: string | undefined;
}

export type RegistryRoute =
  | { readonly kind: 'ping'; readonly namespace: string | undefined }
  | ({ readonly kind: 'pull' } & PullRoute);

/** Where a host leads, before the path is looked at. */
export type HostRoute =
  | { readonly kind: 'mirror'; readonly mirror: EdgeMirror }
  | { readonly kind: 'universal' }
  | { readonly kind: 'service'; readonly service: Service };

const docker = 'docker.io';

export class Router {
  readonly #mirrors: ReadonlyMap<string, RoutedMirror>;
  readonly #byRegistry: ReadonlyMap<string, RoutedMirror>;
  readonly #hosts: ReadonlyMap<HostName, HostRoute>;
  readonly #recentRoutes = new RecentTexts<RegistryRoute>();

  constructor(settings: EdgeSettings) {
    const mirrors = settings.mirrors.map((mirror): RoutedMirror => ({
      mirror,
      permits: mirror.repositories === undefined ? () => true : globMatcher(mirror.repositories),
    }));
    this.#mirrors = new Map(mirrors.map((routed) => [routed.mirror.name, routed]));
    this.#byRegistry = new Map(
      mirrors.flatMap((routed) =>
        [routed.mirror.registry, ...routed.mirror.aliases].map((name) => [name, routed]),
      ),
    );
    const hosts: [HostName, HostRoute][] = [
      ...settings.universalHosts.map((host): [HostName, HostRoute] => [
        host,
        { kind: 'universal' },
      ]),
      ...settings.mirrors.flatMap((mirror) =>
        mirror.hosts.map((host): [HostName, HostRoute] => [host, { kind: 'mirror', mirror }]),
      ),
      ...settings.services.flatMap((service) =>
        service.hosts.map((host): [HostName, HostRoute] => [host, { kind: 'service', service }]),
      ),
    ];
    this.#hosts = new Map(hosts);
  }

  /**
   * By the listener's own mirror, else by host.
   * @throws MirrorgateError `MIRRORGATE_REQUEST_MISDIRECTED`
   */
  routeHost(listenerMirror: string | undefined, host: HostName): HostRoute {
    const own = listenerMirror === undefined ? undefined : this.#mirrors.get(listenerMirror);
    if (own !== undefined) return { kind: 'mirror', mirror: own.mirror };
    const route = this.#hosts.get(host);
    if (route !== undefined) return route;
    throw refusal('MIRRORGATE_REQUEST_MISDIRECTED', `this server has no host ${host}`);
  }

  /**
   * Reads a target under `/v2`.
   * @throws MirrorgateError `MIRRORGATE_MIRROR_UNKNOWN`, `MIRRORGATE_REPOSITORY_DENIED`,
   *   `MIRRORGATE_REQUEST_UNSUPPORTED`, `MIRRORGATE_REQUEST_MALFORMED`, `MIRRORGATE_OCI_*_INVALID`
   */
  routeRegistry(host: HostRoute, target: Target): RegistryRoute {
    const mirror = host.kind === 'mirror' ? host.mirror.name : '';
    const text = `${mirror} ${target.path}?${target.query}`;
    return this.#recentRoutes.get(text) ?? this.#recentRoutes.set(text, this.#read(host, target));
  }

  #read(host: HostRoute, target: Target): RegistryRoute {
    const { namespace, query } = takeNamespace(target.query);
    const result = parsePullPath(target.path, query);
    if (result.kind === 'fault') throw faultError(result.fault, target.path);
    const { pull } = result;
    const named = namespace === undefined ? undefined : this.#named(namespace);
    if (pull.kind === 'ping') return { kind: 'ping', namespace };
    const routed = this.#choose(host, named, pull.repository);
    const repository = canonicalRepository(routed.mirror, pull.repository);
    if (!routed.permits(repository)) {
      throw refusal(
        'MIRRORGATE_REPOSITORY_DENIED',
        `the repository ${repository} is not among those that mirror "${routed.mirror.name}" serves`,
      );
    }
    return { kind: 'pull', mirror: routed.mirror, pull: { ...pull, repository }, namespace };
  }

  #named(namespace: string): RoutedMirror {
    // Letters beyond ASCII are none of a host name, though some become one in lower case (U+212A).
    const isHost = /^[\x21-\x7e]+$/.test(namespace);
    const routed = isHost ? this.#byRegistry.get(namespace.toLowerCase()) : undefined;
    if (routed !== undefined) return routed;
    throw refusal(
      'MIRRORGATE_MIRROR_UNKNOWN',
      `no mirror for the registry ${namespace.slice(0, 128)}`,
    );
  }

  /** A host of one mirror stands for it alone: another `ns` there would get the wrong images. */
  #choose(
    host: HostRoute,
    named: RoutedMirror | undefined,
    repository: RepositoryName,
  ): RoutedMirror {
    const own = host.kind === 'mirror' ? this.#mirrors.get(host.mirror.name) : undefined;
    if (own !== undefined) {
      if (named === undefined || named === own) return own;
      const { name } = own.mirror;
      throw refusal(
        'MIRRORGATE_MIRROR_UNKNOWN',
        `this host serves the mirror "${name}", not ${named.mirror.registry}`,
      );
    }
    const [first = ''] = repository.split('/', 1);
    const routed = named ?? this.#byRegistry.get(first) ?? this.#byRegistry.get(docker);
    if (routed !== undefined) return routed;
    throw refusal('MIRRORGATE_MIRROR_UNKNOWN', `no mirror serves ${repository}`);
  }
}

interface RoutedMirror {
  readonly mirror: EdgeMirror;
  readonly permits: (repository: string) => boolean;
}

/**
 * The upstream's own spelling: the registry as first component is dropped (`/v2/ghcr.io/acme/app`),
 * and a bare Docker Hub name is in `library/`.
 */
function canonicalRepository(mirror: EdgeMirror, repository: RepositoryName): RepositoryName {
  const [first = ''] = repository.split('/', 1);
  const prefixed = first === mirror.registry || mirror.aliases.includes(first);
  const rest = prefixed ? repository.slice(first.length + 1) : repository;
  const full = mirror.registry === docker && !rest.includes('/') ? `library/${rest}` : rest;
  const name = tryRepositoryName(full);
  if (name !== undefined) return name;
  throw refusal('MIRRORGATE_OCI_NAME_INVALID', `${repository} is not a repository name`);
}

/** Takes `ns` out of the query: it routes, and no upstream is sent it. */
function takeNamespace(query: string): { namespace: string | undefined; query: string } {
  if (!query.includes('ns=')) return { namespace: undefined, query };
  const parameters = new URLSearchParams(query);
  const [namespace, ...more] = parameters.getAll('ns');
  if (more.length > 0) throw refusal('MIRRORGATE_REQUEST_MALFORMED', 'more than one ns parameter');
  parameters.delete('ns');
  return { namespace, query: parameters.toString() };
}

function faultError(fault: PullPathFault, path: string): MirrorgateError {
  switch (fault) {
    case 'unsupported':
      return refusal('MIRRORGATE_REQUEST_UNSUPPORTED', `${path.slice(0, 256)} is not a pull`);
    case 'name-invalid':
      return refusal('MIRRORGATE_OCI_NAME_INVALID', 'not a repository name');
    case 'reference-invalid':
      return refusal('MIRRORGATE_OCI_TAG_INVALID', 'not a tag or digest');
    case 'digest-invalid':
      return refusal('MIRRORGATE_OCI_DIGEST_INVALID', 'not a digest');
  }
}

function refusal(code: ResponseErrorCode, message: string): MirrorgateError {
  return new MirrorgateError(code, message);
}
