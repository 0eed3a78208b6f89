/**
 * Judges the bytes of a manifest before anybody relies on them. They are stored and served as
 * they came: a manifest that is serialised again has another digest.
 */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import {
  dockerManifest,
  dockerManifestList,
  essenceOf,
  ociIndex,
  ociManifest,
} from './media-types.ts';

/** Largest manifest taken from an upstream, as containerd's own limit (4 MiB). */
export const maxManifestBytes = 4 * 1024 * 1024;

/**
 * Refuses what two clients could read in two ways: a body with both `manifests` and
 * `layers` or `config`, or a `mediaType` other than the `Content-Type` (GHSA-qq97-vm5h-rrhg).
 * Returns the media type to serve it under.
 *
 * @throws MirrorgateError `MIRRORGATE_CONTENT_INVALID`
 */
export function judgeManifest(bytes: Buffer, contentType: string): string {
  const body = parseObject(bytes);
  const essence = essenceOf(contentType);
  const isIndex = 'manifests' in body;
  const isImage = 'layers' in body || 'config' in body || 'fsLayers' in body;
  if (isIndex && isImage) {
    throw invalid('it has both "manifests" and "layers" or "config"');
  }
  const { mediaType } = body;
  if (mediaType !== undefined && mediaType !== essence) {
    throw invalid(
      `its mediaType ${JSON.stringify(mediaType)} is not its Content-Type "${essence}"`,
    );
  }
  if (isIndex ? isImageType(essence) : isIndexType(essence)) {
    throw invalid(`its content does not fit its Content-Type "${essence}"`);
  }
  return essence;
}

function parseObject(bytes: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
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

function invalid(reason: string, cause?: unknown): MirrorgateError {
  return new MirrorgateError(
    'MIRRORGATE_CONTENT_INVALID',
    `the upstream's manifest was refused: ${reason}`,
    {
      cause,
    },
  );
}
