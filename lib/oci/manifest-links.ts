/** What a manifest points at (image-spec, manifest.md and image-index.md). */
import { tryDigest, type Digest } from './digest.ts';

export interface ManifestLinks {
  /** Config and layers. */
  readonly blobs: readonly Digest[];
  /** Manifests of an index, with the platform of each where it says one. */
  readonly manifests: readonly LinkedManifest[];
}

export interface LinkedManifest {
  readonly digest: Digest;
  /** `linux/amd64`, `linux/arm64/v8`; undefined where the index does not say. */
  readonly platform: string | undefined;
}

/** Reads what is a descriptor and passes over what is not: the manifest was judged before. */
export function manifestLinks(bytes: Buffer): ManifestLinks {
  const body: unknown = JSON.parse(bytes.toString('utf8'));
  const { config, layers, manifests } = asRecord(body);
  const blobs = [config, ...asList(layers)].map(digestIn).filter((digest) => digest !== undefined);
  return {
    blobs,
    manifests: asList(manifests).flatMap((entry) => {
      const digest = digestIn(entry);
      return digest === undefined ? [] : [{ digest, platform: platformIn(entry) }];
    }),
  };
}

function digestIn(descriptor: unknown): Digest | undefined {
  const { digest } = asRecord(descriptor);
  return typeof digest === 'string' ? tryDigest(digest) : undefined;
}

function platformIn(descriptor: unknown): string | undefined {
  const { os, architecture, variant } = asRecord(asRecord(descriptor)['platform']);
  if (typeof os !== 'string' || typeof architecture !== 'string') return undefined;
  return [os, architecture, ...(typeof variant === 'string' ? [variant] : [])].join('/');
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}
