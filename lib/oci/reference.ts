/** What a manifest is asked by: a tag that may move, or a digest that never does. */
import { tryDigest, type Digest } from './digest.ts';
import { tryTag, type Tag } from './names.ts';

export type Reference =
  | { readonly kind: 'tag'; readonly tag: Tag }
  | { readonly kind: 'digest'; readonly digest: Digest };

/** The reference that `text` spells, or undefined (distribution-spec §Pulling manifests). */
export function tryReference(text: string): Reference | undefined {
  const digest = tryDigest(text);
  if (digest !== undefined) return { kind: 'digest', digest };
  const tag = tryTag(text);
  return tag === undefined ? undefined : { kind: 'tag', tag };
}

export function referenceText(reference: Reference): string {
  return reference.kind === 'tag' ? reference.tag : reference.digest;
}
