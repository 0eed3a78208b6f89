/**
 * Repository names and tags (distribution-spec §Pulling manifests). Neither can hold a
 * path traversal: components start with a letter or digit, tags never with a dot.
 */

declare const brand: unique symbol;

/** A repository as the registry spells it: `library/alpine`, `acme/app`. */
export type RepositoryName = string & { readonly [brand]: 'RepositoryName' };

/** A tag: `latest`, `v1.2.3`. */
export type Tag = string & { readonly [brand]: 'Tag' };

const repositoryPattern =
  /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** Longest repository name, as registries and their clients cap it. */
export const maxRepositoryLength = 255;

export function tryRepositoryName(text: string): RepositoryName | undefined {
  if (text.length > maxRepositoryLength || !repositoryPattern.test(text)) return undefined;
  return text as RepositoryName;
}

export function tryTag(text: string): Tag | undefined {
  return tagPattern.test(text) ? (text as Tag) : undefined;
}
