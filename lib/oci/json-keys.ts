/**
 * The keys of a JSON object as they stand in its text. `JSON.parse` keeps one of two equal keys and
 * does not tell; other parsers keep the other one (RFC 8259 §4).
 */

/** The top-level keys of `text`, a valid JSON object, in order and as often as they stand there. */
export function topLevelKeys(text: string): string[] {
  const keys: string[] = [];
  let depth = 0;
  let beforeKey = false;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charAt(at)) {
      case '{':
      case '[':
        depth += 1;
        beforeKey = depth === 1;
        break;
      case '}':
      case ']':
        depth -= 1;
        break;
      case ',':
        beforeKey = depth === 1;
        break;
      case '"': {
        const end = stringEnd(text, at);
        if (beforeKey) keys.push(JSON.parse(text.slice(at, end + 1)) as string);
        beforeKey = false;
        at = end;
        break;
      }
    }
  }
  return keys;
}

/** Where the string that begins at `start` has its closing quote. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}
