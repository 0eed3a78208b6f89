/**
 * The globs of the configuration, for repositories and tags: `*` is any run of characters within
 * one path component, `**` any run at all, everything else stands for itself.
 */

/** A character that stands for itself, or a run of stars. */
type Token = string;

/**
 * Whether a text matches any of `globs`. Takes time in proportion to glob and text, whatever they
 * are: all ways to match are followed at once, where a regular expression would try one by one.
 */
export function globMatcher(globs: readonly string[]): (text: string) => boolean {
  const patterns = globs.map((glob): Token[] => glob.match(/\*+|[^*]/gu) ?? []);
  return (text) => patterns.some((pattern) => matches(pattern, text));
}

function matches(pattern: readonly Token[], text: string): boolean {
  let reached = new Set<number>();
  reach(pattern, 0, reached);
  for (const character of text) {
    const next = new Set<number>();
    for (const at of reached) {
      const token = pattern[at];
      if (token === undefined) continue;
      if (isRun(token)) {
        if (token.length > 1 || character !== '/') reach(pattern, at, next);
      } else if (token === character) {
        reach(pattern, at + 1, next);
      }
    }
    if (next.size === 0) return false;
    reached = next;
  }
  return reached.has(pattern.length);
}

/** Adds `from` and, past the runs there, which may be empty, what comes after them. */
function reach(pattern: readonly Token[], from: number, into: Set<number>): void {
  let at = from;
  into.add(at);
  while (isRun(pattern[at])) {
    at += 1;
    into.add(at);
  }
}

function isRun(token: Token | undefined): boolean {
  return token?.startsWith('*') ?? false;
}
