/** What one pull costs at the upstream. */

/** The caller's own count of HTTP requests; whoever makes one on its behalf adds to it. */
export interface RequestTally {
  requests: number;
}
