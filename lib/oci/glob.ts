/**
 * The globs of the configuration, for repositories and tags: `*` is any run of characters within
 * one path component, `**` any run at all, everything else stands for itself.
 */
export function globMatcher(globs: readonly string[]): (text: string) => boolean {
  const patterns = globs.map((glob) => new RegExp(`^${globSource(glob)}$`));
  return (text) => patterns.some((pattern) => pattern.test(text));
}

function globSource(glob: string): string {
  return glob
    .split(/(\*+)/)
    .map((part) => {
      if (part === '*') return '[^/]*';
      if (part.startsWith('*')) return '.*';
      return part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
    })
    .join('');
}
