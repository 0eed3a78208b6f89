/**
 * What is wrong with a value, in words an operator can act on. zod's own English never gets out,
 * and what may be a secret is never shown.
 *
 * A message is `what is wrong; what to write instead`: no fix holds a semicolon.
 */
import { z } from 'zod';

type Issue = Parameters<z.core.$ZodErrorMap>[0];

/** Longest part of a value that is shown. */
const maxShownLength = 60;

/** `"10 minutes"`, `70000`, `a list`: short, and without the credentials of a URL. */
export function valueText(value: unknown): string {
  if (typeof value === 'string') {
    const shown = value.replace(/(\/\/|:).*@/s, '$1…@');
    const isLong = shown.length > maxShownLength;
    return JSON.stringify(isLong ? `${shown.slice(0, maxShownLength)}…` : shown);
  }
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? 'a list' : 'a mapping';
}

/** What is wrong with a value (`is not a duration`), and what to write instead. */
export interface Words {
  readonly wrong: string;
  readonly fix: string;
}

/** The message for a wrong value, and for one that is not there. */
export function wrongValue(value: unknown, { wrong, fix }: Words): string {
  if (value === undefined) return `is missing; ${fix}`;
  if (value === null) return `has no value; ${fix}`;
  return `${valueText(value)} ${wrong}; ${fix}`;
}

/** The `error` of a schema whose values have one message, whatever is wrong with them. */
export function expected(words: Words): (issue: { readonly input?: unknown }) => string {
  return ({ input }) => wrongValue(input, words);
}

/** What is said of everything that has no message of its own in the schema. */
export const describeIssue: z.core.$ZodErrorMap = (issue) => {
  const { code, input } = issue;
  // The alternatives of a union tell more than it does: see findingsOf.
  if (code === 'invalid_union') return '';
  if (code === 'unrecognized_keys') {
    return `unknown key; remove it, or correct its spelling${knownKeysText(issue)}`;
  }
  if (code === 'invalid_type' && issue.expected === 'object') {
    // What stands there may be a secret in the wrong place.
    const wrong = input === undefined ? 'is missing' : 'is not a mapping of keys to values';
    return `${wrong}; write its keys below it, each on a line of its own`;
  }
  if (code === 'too_small' && issue.origin === 'array') {
    return 'the list is empty; write at least one entry';
  }
  return wrongValue(input, wordsFor(issue));
};

function wordsFor(issue: Issue): Words {
  if (issue.code === 'invalid_type') return typeWords[issue.expected] ?? anyWords;
  if (issue.code === 'invalid_value') {
    const choices = issue.values.map(String).join(', ');
    return { wrong: 'is not among the choices', fix: `write one of: ${choices}` };
  }
  if (issue.code === 'too_small') {
    return { wrong: 'is too short', fix: 'write a value, or remove the key' };
  }
  if (issue.code === 'too_big') {
    return { wrong: 'is too long', fix: `write at most ${String(issue.maximum)} characters` };
  }
  return anyWords;
}

const anyWords: Words = {
  wrong: 'does not fit here',
  fix: 'the schema lists what may be written',
};

const typeWords: Readonly<Record<string, Words>> = {
  array: { wrong: 'is not a list', fix: 'write a list in brackets: [ONE, ANOTHER]' },
  boolean: { wrong: 'is neither true nor false', fix: 'write true or false' },
  string: { wrong: 'is not text', fix: 'write text, a number in quotes' },
};

function knownKeysText({ inst }: Issue): string {
  return inst instanceof z.ZodObject
    ? ` (the keys here: ${Object.keys(inst.shape).join(', ')})`
    : '';
}
