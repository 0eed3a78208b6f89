/** Replacing pieces of a text while every other byte stays, line ends included. */

/** Puts `text` in place of what stands from `start` to `end`. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The splices must not overlap. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  let result = text;
  for (const { start, end, text: inserted } of splices.toSorted((a, b) => b.start - a.start)) {
    result = result.slice(0, start) + inserted + result.slice(end);
  }
  return result;
}

/** Puts lines below the line of `position`. */
export function linesBelow(text: string, position: number, lines: readonly string[]): Splice {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const start = nextLine(text, position);
  const isEnded = start === 0 || text[start - 1] === '\n';
  const inserted = isEnded
    ? lines.map((line) => line + eol).join('')
    : lines.map((line) => eol + line).join('');
  return { start, end: start, text: inserted };
}

/** Where the line of `position` begins. */
export function lineStart(text: string, position: number): number {
  return text.lastIndexOf('\n', position - 1) + 1;
}

/** Where the next line begins: at `position` itself where a line has just ended there. */
export function nextLine(text: string, position: number): number {
  if (text[position - 1] === '\n') return position;
  const end = text.indexOf('\n', position);
  return end === -1 ? text.length : end + 1;
}
