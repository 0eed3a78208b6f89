/** Names of images as people type them: `nginx`, `ghcr.io/acme/app:1.2`, `…@sha256:…`. */
import { tryRepositoryName, type RepositoryName } from './names.ts';
import { tryReference, type Reference } from './reference.ts';

export interface ImageName {
  /** `docker.io` where none was named. */
  readonly registry: string;
  /** With `library/` where Docker Hub has it. */
  readonly repository: RepositoryName;
  /** The tag `latest` where none was named; the digest where both were. */
  readonly reference: Reference;
}

const docker = 'docker.io';
const registryPattern = /^[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?$/;

/** As docker reads it (distribution/reference, normalize.go); undefined for what is no image name. */
export function tryImageName(text: string): ImageName | undefined {
  const [, name = '', tag, digest] = /^([^@]*?)(?::([^:/@]+))?(?:@([^@]+))?$/.exec(text) ?? [];
  const [first = '', ...rest] = name.split('/');
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const registry = hasRegistry ? first : docker;
  const path = hasRegistry ? rest.join('/') : name;
  const isBare = registry === docker && !path.includes('/');
  const repository = tryRepositoryName(isBare ? `library/${path}` : path);
  const reference = tryReference(digest ?? tag ?? 'latest');
  if (repository === undefined || reference === undefined) return undefined;
  if (!registryPattern.test(registry)) return undefined;
  return { registry, repository, reference };
}
