/**
 * What one container tool needs to use the mirrors, and its text. The text of a single file is that
 * file, with everything else in comments, so that it can be saved as it stands; of several files it
 * is a POSIX shell script that writes them.
 */

export interface SetupFile {
  /** Where it goes on the client; absolute, or below `~`. */
  readonly path: string;
  /** Ends with a line end. */
  readonly content: string;
  /**
   * `replace` where the whole file is ours; `keep` where others may have written it and it must
   * not be overwritten.
   */
  readonly policy: 'replace' | 'keep';
}

export interface ClientSetup {
  /** One line: what this is. */
  readonly title: string;
  readonly files: readonly SetupFile[];
  /** To be done before the files are used, in order; commands and sentences. */
  readonly before: readonly string[];
  /** Commands that take the files into use. */
  readonly apply: readonly string[];
  /** Commands that show whether the mirror is used. */
  readonly check: readonly string[];
  /** Commands that take it all away again. */
  readonly undo: readonly string[];
  /** What to know about this tool. */
  readonly notes: readonly string[];
}

export function setupText(setup: ClientSetup): string {
  const [only, ...more] = setup.files;
  return only !== undefined && more.length === 0 && only.policy === 'replace'
    ? fileText(setup, only)
    : scriptText(setup);
}

function fileText(setup: ClientSetup, { path, content }: SetupFile): string {
  const head = [setup.title, '', `File: ${path}`, ...paragraph('Before', setup.before)];
  return [comment([...head, ...tail(setup)]), content].join('\n');
}

function scriptText(setup: ClientSetup): string {
  const { title, before, files, apply } = setup;
  const head = [
    title,
    '',
    'A shell script: read it, then run it as root.',
    ...paragraph('Before', before),
    ...tail({ ...setup, apply: [] }),
  ];
  const body = ['#!/bin/sh', comment(head), 'set -eu', ...files.map(writeCommand), ...apply];
  return `${body.join('\n')}\n`;
}

function tail({ apply, check, undo, notes }: ClientSetup): string[] {
  return [
    ...paragraph('Then', apply),
    ...paragraph('Check', check),
    ...paragraph('Undo', undo),
    ...paragraph('Note', notes),
  ];
}

function paragraph(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => `  ${line}`)];
}

function comment(lines: readonly string[]): string {
  return `${lines.map((line) => `# ${line}`.trimEnd()).join('\n')}\n`;
}

function writeCommand({ path, content, policy }: SetupFile): string {
  const folder = path.slice(0, path.lastIndexOf('/'));
  const write = [`mkdir -p ${folder}`, `cat > ${path} <<'EOF'`, `${content}EOF`];
  if (policy === 'replace') return write.join('\n');
  return [
    `if [ -e ${path} ]; then`,
    `  echo '${path} is there already and was left alone: add this to it' >&2`,
    `  cat >&2 <<'EOF'`,
    `${content}EOF`,
    'else',
    ...write,
    'fi',
  ].join('\n');
}
