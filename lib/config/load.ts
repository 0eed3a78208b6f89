/** From a file to a frozen {@link Configuration}, or to every problem in it at once. */
import { resolve } from 'node:path';
import type { Configuration } from './configuration.ts';
import { describeIssue } from './messages.ts';
import { ConfigurationError } from './problems.ts';
import { resolveConfiguration } from './resolve.ts';
import { configurationSchema } from './schema.ts';
import { soundParts } from './sound-parts.ts';
import { machineSources, type Sources } from './sources.ts';
import { YamlFile, findingsOf, type Finding } from './yaml-file.ts';

/** @throws ConfigurationError with every problem: its file, line, column, key and remedy. */
export async function loadConfiguration(
  path: string,
  sources: Sources = machineSources,
): Promise<Configuration> {
  const file = await YamlFile.read(resolve(path));
  const value = file.value() ?? {};
  const parsed = configurationSchema.safeParse(value, { error: describeIssue });
  if (!parsed.success) {
    const findings = findingsOf(parsed.error);
    throw problemsAt(file, [...findings, ...furtherFindings(value, { file, findings, sources })]);
  }
  const { configuration, findings } = resolveConfiguration(parsed.data, {
    file: file.path,
    sources,
  });
  if (findings.length > 0) throw problemsAt(file, findings);
  return deepFreeze(configuration);
}

interface Faults {
  readonly file: YamlFile;
  readonly findings: readonly Finding[];
  readonly sources: Sources;
}

/** What the parts without a fault of their own have against each other. */
function furtherFindings(value: unknown, { file, findings, sources }: Faults): Finding[] {
  const parts = soundParts(value, findings);
  const parsed = configurationSchema.safeParse(parts?.value);
  if (parts === undefined || !parsed.success) return [];
  const { incomplete } = parts;
  const resolution = resolveConfiguration(parsed.data, { file: file.path, sources, incomplete });
  return resolution.findings.map((finding) => ({
    ...finding,
    path: parts.original(finding.path),
  }));
}

/** In the order of the file. */
function problemsAt(file: YamlFile, findings: readonly Finding[]): ConfigurationError {
  const problems = findings.map((finding) => file.locate(finding));
  return new ConfigurationError(
    problems.sort(
      (left, right) =>
        (left.line ?? 0) - (right.line ?? 0) || (left.column ?? 0) - (right.column ?? 0),
    ),
  );
}

function deepFreeze<T>(value: T): T {
  // Typed arrays cannot be frozen; the address bytes in here are never handed out for writing.
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
