/**
 * Judges the bytes of a manifest before anybody relies on them. They are stored and served as
 * they came: a manifest that is serialised again has another digest.
 */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { topLevelKeys } from './json-keys.ts';
import {
  dockerManifest,
  dockerManifestList,
  essenceOf,
  isMediaType,
  ociIndex,
  ociManifest,
} from './media-types.ts';

/** Largest manifest taken from an upstream, as containerd's own limit (4 MiB). */
export const maxManifestBytes = 4 * 1024 * 1024;

/** What decides how a manifest is read, by its caseless form. */
const decidingKeys: ReadonlyMap<string, string> = new Map(
  ['mediaType', 'manifests', 'layers', 'config', 'fsLayers'].map((key) => [caseless(key), key]),
);

/**
 * Refuses what two clients could read in two ways: a body with both `manifests` and `layers` or
 * `config`, a `mediaType` other than the `Content-Type` (GHSA-qq97-vm5h-rrhg), a key that stands
 * there twice, or one that Go's `encoding/json`, blind to case, takes for a deciding key.
 * Returns the media type to serve it under.
 *
 * @throws MirrorgateError `MIRRORGATE_CONTENT_INVALID`
 */
export function judgeManifest(bytes: Buffer, contentType: string): string {
  const essence = essenceOf(contentType);
  if (!isMediaType(essence)) throw invalid(`its Content-Type is ${quoted(contentType)}`);
  const text = bytes.toString('utf8');
  const body = parseObject(text);
  assertPlainKeys(topLevelKeys(text));
  const isIndex = 'manifests' in body;
  const isImage = 'layers' in body || 'config' in body || 'fsLayers' in body;
  if (isIndex && isImage) {
    throw invalid('it has both "manifests" and "layers" or "config"');
  }
  const { mediaType } = body;
  if (mediaType !== undefined && mediaType !== essence) {
    throw invalid(`its mediaType ${quoted(mediaType)} is not its Content-Type "${essence}"`);
  }
  if ((isImageType(essence) && !isImage) || (isIndexType(essence) && !isIndex)) {
    throw invalid(`its content does not fit its Content-Type "${essence}"`);
  }
  return essence;
}

function assertPlainKeys(keys: readonly string[]): void {
  const seen = new Set<string>();
  for (const key of keys) {
    if (seen.has(key)) throw invalid(`the key ${quoted(key)} stands in it twice`);
    seen.add(key);
    const twin = decidingKeys.get(caseless(key));
    if (twin !== undefined && twin !== key) {
      throw invalid(`its key ${quoted(key)} is "${twin}" to some clients`);
    }
  }
}

/** Go folds by Unicode: the Kelvin sign is a k, the long s an s. Only one of the two ways folds each. */
function caseless(key: string): string {
  return key.toUpperCase().toLowerCase();
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid('it is not JSON', cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid('it is not a JSON object');
  }
  return value as Record<string, unknown>;
}

function isImageType(essence: string): boolean {
  return essence === ociManifest || essence === dockerManifest;
}

function isIndexType(essence: string): boolean {
  return essence === ociIndex || essence === dockerManifestList;
}

/** A value of the upstream's, short enough for a message whatever it is. */
function quoted(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : 'that is no text';
}

function invalid(reason: string, cause?: unknown): MirrorgateError {
  return new MirrorgateError(
    'MIRRORGATE_CONTENT_INVALID',
    `the upstream's manifest was refused: ${reason}`,
    {
      cause,
    },
  );
}
