/** What one pull costs at the upstream. */

/** One HTTP request, for whoever wants to see them one by one. */
export interface RequestStep {
  /** Method, origin and path. */
  readonly request: string;
  /** Undefined where no answer came. */
  readonly status: number | undefined;
  /** To the head of the answer. */
  readonly durationMs: number;
}

/** The caller's own count of HTTP requests; whoever makes one on its behalf adds to it. */
export interface RequestTally {
  requests: number;
  /** Where it is there, each request is added to it as well. */
  readonly steps?: RequestStep[];
}
