/** What is asked of an upstream registry and what comes back, in the terms of its consumer. */
import type { Readable } from 'node:stream';
import type { Mirror } from '../config/configuration.ts';
import type { Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/names.ts';
import type { Reference } from '../oci/reference.ts';
import type { RequestTally } from './request-tally.ts';

/** One way to a mirror's content: one of its upstreams, with or without its account. */
export interface UpstreamAccount extends Pick<
  Mirror,
  'name' | 'credentials' | 'upstreamTrust' | 'tokenHosts' | 'allowPrivateUpstream' | 'prefersIPv4'
> {
  /** Origin, without trailing slash. */
  readonly upstream: string;
}

/** What can be pulled; `query` is without `?`. */
export type UpstreamResource =
  | { readonly kind: 'manifest'; readonly reference: Reference }
  | { readonly kind: 'blob'; readonly digest: Digest }
  | { readonly kind: 'tags'; readonly query: string }
  | { readonly kind: 'referrers'; readonly digest: Digest; readonly query: string };

export interface UpstreamRequest {
  readonly method: 'GET' | 'HEAD';
  /** As the upstream spells it: `library/` already added. */
  readonly repository: RepositoryName;
  readonly resource: UpstreamResource;
  /** Resumes a GET: `Range: bytes=N-` (RFC 9110 §14.2). 0 and undefined ask for everything. */
  readonly firstByte?: number;
  /** With {@link firstByte}: the last one wanted, `Range: bytes=N-M`. */
  readonly lastByte?: number;
  /** Ends the request at any stage, its body included; the promise then rejects with its reason. */
  readonly signal: AbortSignal;
  /** Counts every HTTP request made for this one (token, redirect, retry), also when it fails. */
  readonly tally?: RequestTally;
}

export interface UpstreamResponse {
  readonly status: 200 | 206;
  readonly contentType: string | undefined;
  /** Bytes of this body; for HEAD, of the body that GET would have. Undefined when chunked. */
  readonly contentLength: number | undefined;
  /** `Docker-Content-Digest`; where the request named a digest of that algorithm, the same one. */
  readonly contentDigest: Digest | undefined;
  /** 0, or the offset that a 206 starts at: always the one asked for. */
  readonly firstByte: number;
  /** Bytes of the whole representation, where the upstream said so. */
  readonly totalLength: number | undefined;
  /** Lower-case names; only those a consumer needs (`response.ts`). */
  readonly headers: ReadonlyMap<string, string>;
  /**
   * The bytes as sent, empty for HEAD. `destroy()` ends the transfer. A body that breaks off fails
   * with `MIRRORGATE_UPSTREAM_UNREACHABLE`. Whoever gets the answer to a GET must read or destroy
   * it.
   */
  readonly body: Readable;
}
