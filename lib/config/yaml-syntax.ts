/** What keeps a text from being one YAML document of plain values, told for people. */
import { visit, type Document, type LineCounter, type YAMLError } from 'yaml';
import type { Problem } from './problems.ts';

export interface YamlText {
  readonly path: string;
  readonly text: string;
  readonly document: Document;
  readonly lines: LineCounter;
}

/** From 1, each. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export function placeOf(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/**
 * The first fault of each line: over the others the parser only stumbled. A tag that is not known
 * (`!env X`) is a fault here too, for its value would be taken as text.
 */
export function syntaxProblems({ path, text, document, lines }: YamlText): Problem[] {
  const problems = new Map<number, Problem>();
  for (const error of [...document.errors, ...document.warnings]) {
    const place = placeOf(lines, error.pos[0]);
    if (error.code === 'RESOURCE_EXHAUSTION') return [tooDeep(path)];
    if (problems.has(place.line)) continue;
    problems.set(place.line, { file: path, ...place, key: '', ...faultOf(error, text) });
  }
  return [...problems.values()];
}

type Fault = Pick<Problem, 'message' | 'fix'>;

/** What the parser says of these is for programmers. */
const knownFaults: Readonly<Partial<Record<YAMLError['code'], Fault>>> = {
  MULTIPLE_DOCS: { message: 'a second document begins', fix: 'remove the line "---"' },
  TAB_AS_INDENT: { message: 'the line is indented by a tab', fix: 'indent it by spaces' },
  TAG_RESOLVE_FAILED: {
    message: 'a tag that is not known',
    fix: 'remove it, or put the text in quotes',
  },
};

function faultOf({ code, message, pos }: YAMLError, text: string): Fault {
  if (code === 'DUPLICATE_KEY') {
    const [key = ''] = /^(?:"[^"\n]{0,60}"|[^\s:]{0,60})/.exec(text.slice(pos[0])) ?? [];
    return { message: `the key ${key} stands here a second time`, fix: 'keep one of the two' };
  }
  const [firstLine = ''] = message.split('\n', 1);
  return (
    knownFaults[code] ?? {
      message: firstLine,
      fix: 'correct the YAML here: its indentation, quotes or brackets',
    }
  );
}

/** Why the aliases of a document have no values: they lack an anchor, or multiply without end. */
export function aliasProblems({ path, document, lines }: YamlText): Problem[] {
  const problems: Problem[] = [];
  const anchors = new Set<string>();
  visit(document, {
    Node(_key, node) {
      if ('anchor' in node) anchors.add(node.anchor);
    },
    Alias(_key, { source, range }) {
      if (anchors.has(source)) return;
      problems.push({
        file: path,
        ...placeOf(lines, range?.[0] ?? 0),
        key: '',
        message: `no anchor &${source} stands before the alias *${source}`,
        fix: 'write the value out, or put the text in quotes',
      });
    },
  });
  if (problems.length > 0) return problems;
  const fix = 'write the values out instead';
  return [{ file: path, key: '', message: 'its aliases multiply beyond measure', fix }];
}

export function tooDeep(path: string): Problem {
  return {
    file: path,
    key: '',
    message: 'is nested too deeply',
    fix: 'it needs a handful of levels',
  };
}
