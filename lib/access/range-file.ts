/**
 * A file of CIDR blocks, one a line, as a cloud provider's ranges are kept beside the allow-list.
 * Blank lines and what stands behind `#` are nothing; anything else that is no block is refused.
 */
import { ConfigurationError, type Problem } from '../config/problems.ts';
import { readConfigurationText } from '../config/yaml-file.ts';
import { cidrText, parseCidr } from '../net/cidr.ts';

/** One line of it. */
export interface Range {
  /** Canonical. */
  readonly cidr: string;
  readonly line: number;
}

/** Whoever gives a wrong file is told this much of it. */
const maxProblems = 20;

/** @throws ConfigurationError where the file cannot be read, or with the first wrong lines. */
export async function readRangeFile(path: string): Promise<readonly Range[]> {
  return parseRanges(path, await readConfigurationText(path));
}

/** As {@link readRangeFile}, of a file whose text was read before. */
export function parseRanges(path: string, text: string): readonly Range[] {
  const ranges: Range[] = [];
  const problems: Problem[] = [];
  for (const [index, written] of text.split(/\r?\n/).entries()) {
    const block = (written.split('#', 1)[0] ?? '').trim();
    if (block === '') continue;
    const result = parseCidr(block);
    const place = { file: path, line: index + 1, key: '' };
    if (result.kind === 'invalid') {
      problems.push({ ...place, message: result.reason, fix: result.fix });
    } else if (result.cidr.prefixLength === 0) {
      const message = `${block} lets the whole internet in`;
      problems.push({ ...place, message, fix: 'remove it; "allowAll: true" stands in the list' });
    } else {
      ranges.push({ cidr: cidrText(result.cidr), line: index + 1 });
    }
    if (problems.length === maxProblems) break;
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  return ranges;
}
