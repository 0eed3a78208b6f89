/**
 * A YAML file read for people: every problem found in it can be told with line and column.
 * JSON is accepted, being a subset (YAML 1.2 §1.3).
 */
import { readFile } from 'node:fs/promises';
import { LineCounter, isMap, isScalar, parseDocument, type Document, type Node } from 'yaml';
import type { z } from 'zod';
import { errorMessage } from '../errors/mirrorgate-error.ts';
import { isMissing } from '../files/atomic-file.ts';
import { ConfigurationError, type Problem } from './problems.ts';

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
  readonly #lines: LineCounter;

  /** @throws ConfigurationError where `text` is not YAML. */
  constructor(path: string, text: string) {
    this.path = path;
    this.#lines = new LineCounter();
    this.document = parseDocument(text, { lineCounter: this.#lines, uniqueKeys: true });
    const problems = this.document.errors.map((error) => ({
      file: path,
      line: error.linePos?.[0].line ?? 1,
      column: error.linePos?.[0].col ?? 1,
      key: '',
      message: error.message.split('\n', 1)[0]?.replace(/ at line.*$/, '') ?? 'not YAML',
      fix: 'correct the YAML syntax here',
    }));
    if (problems.length > 0) throw new ConfigurationError(problems);
  }

  /** @throws ConfigurationError where the file cannot be read or is not YAML. */
  static async read(path: string): Promise<YamlFile> {
    return new YamlFile(path, await readText(path));
  }

  /**
   * The file's content as plain values.
   * @throws ConfigurationError where an alias has no anchor, or aliases multiply without end.
   */
  value(): unknown {
    try {
      return this.document.toJS({ maxAliasCount: 100 });
    } catch (cause) {
      const fix = 'write the value out instead of the alias';
      throw new ConfigurationError([
        { file: this.path, key: '', message: errorMessage(cause), fix },
      ]);
    }
  }

  /** Holds a finding against its place: the value itself, else its nearest container. */
  locate(finding: Finding): Problem {
    const offset = this.#offset(finding.path);
    const { line, col } = this.#lines.linePos(offset);
    return {
      file: this.path,
      line: Math.max(1, line),
      column: Math.max(1, col),
      key: keyText(finding.path),
      message: finding.message,
      ...(finding.fix === undefined ? {} : { fix: finding.fix }),
    };
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
    const pair = parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
    return isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
  }
}

async function readText(path: string): Promise<string> {
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
  return bytes.toString('utf8');
}

/** `mirrors[0].hosts[1]` */
export function keyText(path: KeyPath): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}

/** The findings in a zod error, unions opened to the alternative that was meant. */
export function findingsOf(error: z.core.$ZodError): Finding[] {
  return error.issues.flatMap((issue) => findingsOfIssue(issue, []));
}

function findingsOfIssue(issue: z.core.$ZodIssue, base: KeyPath): Finding[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: 'unknown key',
      fix: 'remove it, or correct its spelling; the schema lists every key',
    }));
  }
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.find(
      (issues) => !issues.some((inner) => inner.code === 'invalid_type' && inner.path.length === 0),
    );
    if (meant !== undefined && meant.length > 0) {
      return meant.flatMap((inner) => findingsOfIssue(inner, path));
    }
  }
  if (issue.code === 'invalid_type' && issue.input === undefined) {
    const missing =
      issue.message.startsWith('Invalid input') && !issue.message.includes('received');
    if (missing) return [{ path, message: 'is required', fix: `give a ${issue.expected}` }];
  }
  const [message = '', fix] = issue.message.split('; ', 2);
  return [{ path, message, ...(fix === undefined ? {} : { fix }) }];
}
