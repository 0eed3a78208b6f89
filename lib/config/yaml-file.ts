/**
 * A YAML file read for people: every problem found in it can be told with line and column.
 * JSON is accepted, being a subset (YAML 1.2 §1.3).
 */
import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { LineCounter, isMap, isScalar, parseDocument, type Document, type Node } from 'yaml';
import type { z } from 'zod';
import { errorMessage } from '../errors/mirrorgate-error.ts';
import { isMissing } from '../files/atomic-file.ts';
import { ConfigurationError, type Problem } from './problems.ts';
import { aliasProblems, placeOf, syntaxProblems, tooDeep } from './yaml-syntax.ts';

/** Keys and indexes from the root to a value. */
export type KeyPath = readonly PropertyKey[];

/** A problem that is not yet held against its place in the file. */
export interface Finding {
  readonly path: KeyPath;
  readonly message: string;
  readonly fix?: string;
}

/** Largest file read: an allow-list of 100 000 entries is under 8 MiB. */
const maxFileBytes = 32 * 1024 * 1024;

export class YamlFile {
  readonly path: string;
  readonly document: Document;
  readonly #text: string;
  readonly #lines: LineCounter;

  /** @throws ConfigurationError where `text` is not YAML. */
  constructor(path: string, text: string) {
    this.path = path;
    this.#text = text;
    this.#lines = new LineCounter();
    this.document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      uniqueKeys: true,
      // What it would print as a warning is refused as an unknown key.
      logLevel: 'error',
    });
    const problems = syntaxProblems(this.#parts());
    if (problems.length > 0) throw new ConfigurationError(problems);
  }

  /** @throws ConfigurationError where the file cannot be read or is not YAML. */
  static async read(path: string): Promise<YamlFile> {
    return new YamlFile(path, await readConfigurationText(path));
  }

  /**
   * The file's content as plain values.
   * @throws ConfigurationError where an alias has no anchor, or aliases multiply without end.
   */
  value(): unknown {
    try {
      return this.document.toJS({ maxAliasCount: 100 });
    } catch (error) {
      const isDepth = error instanceof RangeError;
      throw new ConfigurationError(isDepth ? [tooDeep(this.path)] : aliasProblems(this.#parts()));
    }
  }

  /** Holds a finding against its place: the value itself, else its nearest container. */
  locate(finding: Finding): Problem {
    return {
      file: this.path,
      ...placeOf(this.#lines, this.#offset(finding.path)),
      key: keyText(finding.path),
      message: finding.message,
      ...(finding.fix === undefined ? {} : { fix: finding.fix }),
    };
  }

  /** The line of the value at `path`, from 1. */
  lineOf(path: KeyPath): number {
    return this.locate({ path, message: '' }).line ?? 1;
  }

  #parts() {
    return { path: this.path, text: this.#text, document: this.document, lines: this.#lines };
  }

  #offset(path: KeyPath): number {
    for (let length = path.length; length > 0; length -= 1) {
      const part = path.slice(0, length);
      const keyOffset = this.#keyOffset(part);
      if (keyOffset !== undefined) return keyOffset;
      const node = this.document.getIn(part, true) as Node | undefined;
      if (node?.range) return node.range[0];
    }
    return this.document.contents?.range?.[0] ?? 0;
  }

  /** Where a map's key stands: better to point at than at its value. */
  #keyOffset(path: KeyPath): number | undefined {
    const parent: unknown =
      path.length === 1 ? this.document.contents : this.document.getIn(path.slice(0, -1), true);
    if (!isMap(parent)) return undefined;
    const name = String(path.at(-1));
    const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === name);
    return isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
  }
}

/**
 * The text of a file that an operator wrote.
 * @throws ConfigurationError where it cannot be read, is too large or no UTF-8
 */
export async function readConfigurationText(path: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    const missing = isMissing(cause);
    const message = missing ? 'there is no such file' : `cannot be read: ${errorMessage(cause)}`;
    const fix = missing
      ? 'create it, or name another with --config'
      : 'make it readable for the user that runs mirrorgate';
    throw new ConfigurationError([{ file: path, key: '', message, fix }]);
  }
  if (bytes.length > maxFileBytes) {
    const message = `is larger than ${maxFileBytes / 1024 / 1024} MiB`;
    throw new ConfigurationError([{ file: path, key: '', message }]);
  }
  if (!isUtf8(bytes)) {
    const fix = 'save it in the encoding UTF-8';
    throw new ConfigurationError([{ file: path, key: '', message: 'is not UTF-8 text', fix }]);
  }
  return bytes.toString('utf8');
}

/** `mirrors[0].hosts[1]` */
export function keyText(path: KeyPath): string {
  return path
    .map((part) => {
      if (typeof part === 'number') return `[${part}]`;
      const name = String(part);
      return /^[\w-]+$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
    })
    .join('')
    .replace(/^\./, '');
}

/** The findings in a zod error, unions opened to the alternative that was meant. */
export function findingsOf(error: z.core.$ZodError): Finding[] {
  const findings = error.issues.flatMap((issue) => findingsOfIssue(issue, []));
  const told = new Set<string>();
  return findings.filter(({ path, message }) => {
    const text = JSON.stringify([path.map(String), message]);
    const isNew = !told.has(text);
    told.add(text);
    return isNew;
  });
}

function findingsOfIssue(issue: z.core.$ZodIssue, base: KeyPath): Finding[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const finding = issue.message.startsWith('Unrecognized')
      ? { message: 'unknown key', fix: 'remove it, or correct its spelling' }
      : findingOf(issue.message);
    return issue.keys.map((key) => ({ ...finding, path: [...path, key] }));
  }
  // With words of its own a union needs no opening.
  if (issue.code === 'invalid_union' && ['', 'Invalid input'].includes(issue.message)) {
    const meant = issue.errors.find(
      (issues) => !issues.some((inner) => inner.code === 'invalid_type' && inner.path.length === 0),
    );
    return (meant ?? issue.errors.flat()).flatMap((inner) => findingsOfIssue(inner, path));
  }
  return [{ path, ...findingOf(issue.message) }];
}

/** `what is wrong; what to do`: the value that is quoted in the first may hold a semicolon. */
function findingOf(text: string): Omit<Finding, 'path'> {
  const mark = text.lastIndexOf('; ');
  return mark === -1
    ? { message: text }
    : { message: text.slice(0, mark), fix: text.slice(mark + 2) };
}
