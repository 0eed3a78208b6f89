/**
 * `WWW-Authenticate`, tokenized (RFC 9110 §11.6.1). Never split on commas: a quoted scope has its
 * own (`scope="repository:acme/app:pull,push"`).
 */

export interface Challenge {
  /** Lower case: schemes are case-insensitive. */
  readonly scheme: string;
  /** Names in lower case, values unquoted. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Credentials in the form that is no parameter list (`Negotiate YII=`). */
  readonly token68: string | undefined;
}

export type ChallengeResult =
  | { readonly kind: 'challenges'; readonly challenges: readonly Challenge[] }
  | { readonly kind: 'malformed'; readonly reason: string };

/** All challenges of all header lines, in order. Never throws. */
export function parseChallenges(lines: readonly string[]): ChallengeResult {
  const challenges: Challenge[] = [];
  for (const text of lines) {
    const cursor: Cursor = { text, position: 0 };
    take(cursor, separators);
    while (cursor.position < text.length) {
      const challenge = takeChallenge(cursor);
      if (typeof challenge === 'string') return { kind: 'malformed', reason: challenge };
      challenges.push(challenge);
    }
  }
  return { kind: 'challenges', challenges };
}

const token = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const token68Alone = /([A-Za-z0-9\-._~+/]+=*)[ \t]*(?=,|$)/y;
const spaces = / +/y;
const blanks = /[ \t]*/y;
/** List elements may be empty (RFC 9110 §5.6.1.2). */
const separators = /[ \t,]*/y;
const equals = /[ \t]*=[ \t]*/y;
// eslint-disable-next-line no-control-regex -- RFC 9110 §5.6.4 says which it may not hold
const quoted = /"((?:[^"\\\u0000-\u0008\u000a-\u001f\u007f]|\\[\t\u0020-\u007e\u0080-\u00ff])*)"/y;
const comma = /[ \t]*,[ \t,]*/y;
/** What begins a further parameter rather than the next challenge. */
const parameterStart = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]*=/y;

/** A place in a header line; sticky patterns are matched there. */
interface Cursor {
  readonly text: string;
  position: number;
}

/** A challenge and the comma behind it, or why there is none here. */
function takeChallenge(cursor: Cursor): Challenge | string {
  const scheme = take(cursor, token)?.toLowerCase();
  if (scheme === undefined) return `no scheme at character ${cursor.position + 1}`;
  const bare: Challenge = { scheme, parameters: new Map(), token68: undefined };
  if (take(cursor, spaces) === undefined) return takeEnd(cursor) ?? bare;
  const token68 = takeGroup(cursor, token68Alone);
  if (token68 !== undefined) return takeEnd(cursor) ?? { ...bare, token68 };
  const parameters = takeParameters(cursor);
  if (typeof parameters === 'string') return parameters;
  return takeEnd(cursor) ?? { ...bare, parameters };
}

function takeParameters(cursor: Cursor): ReadonlyMap<string, string> | string {
  const parameters = new Map<string, string>();
  while (sees(cursor, parameterStart)) {
    const name = take(cursor, token)?.toLowerCase() ?? '';
    take(cursor, equals);
    const value = take(cursor, token) ?? takeGroup(cursor, quoted)?.replace(/\\(.)/gs, '$1');
    if (value === undefined) return `no value for "${name}" at character ${cursor.position + 1}`;
    if (parameters.has(name)) return `"${name}" is given twice`;
    parameters.set(name, value);
    const { position } = cursor;
    take(cursor, comma);
    // The comma ends this challenge where no further parameter follows it.
    if (!sees(cursor, parameterStart)) cursor.position = position;
  }
  return parameters;
}

/** Takes what may stand behind a challenge; what is wrong with it otherwise. */
function takeEnd(cursor: Cursor): string | undefined {
  take(cursor, blanks);
  if (cursor.position >= cursor.text.length || take(cursor, comma) !== undefined) return undefined;
  return `unexpected text at character ${cursor.position + 1}`;
}

function sees(cursor: Cursor, pattern: RegExp): boolean {
  return match(cursor, pattern) !== null;
}

function take(cursor: Cursor, pattern: RegExp): string | undefined {
  const found = match(cursor, pattern);
  cursor.position += found?.[0].length ?? 0;
  return found?.[0];
}

/** As {@link take}, but gives the first group of what was taken. */
function takeGroup(cursor: Cursor, pattern: RegExp): string | undefined {
  const found = match(cursor, pattern);
  cursor.position += found?.[0].length ?? 0;
  return found?.[1];
}

function match({ text, position }: Cursor, pattern: RegExp): RegExpExecArray | null {
  pattern.lastIndex = position;
  return pattern.exec(text);
}
