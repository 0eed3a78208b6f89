/** From a file to a frozen {@link Configuration}, or to every problem in it at once. */
import { resolve } from 'node:path';
import type { Configuration } from './configuration.ts';
import { ConfigurationError } from './problems.ts';
import { resolveConfiguration } from './resolve.ts';
import { configurationSchema } from './schema.ts';
import { machineSources, type Sources } from './sources.ts';
import { YamlFile, findingsOf } from './yaml-file.ts';

/** @throws ConfigurationError with every problem: its file, line, column, key and remedy. */
export async function loadConfiguration(
  path: string,
  sources: Sources = machineSources,
): Promise<Configuration> {
  const file = await YamlFile.read(resolve(path));
  const parsed = configurationSchema.safeParse(file.value() ?? {});
  if (!parsed.success) {
    throw new ConfigurationError(findingsOf(parsed.error).map((finding) => file.locate(finding)));
  }
  const { configuration, findings } = resolveConfiguration(parsed.data, file.path, sources);
  if (findings.length > 0) {
    throw new ConfigurationError(findings.map((finding) => file.locate(finding)));
  }
  return deepFreeze(configuration);
}

function deepFreeze<T>(value: T): T {
  // Typed arrays cannot be frozen; the address bytes in here are never handed out for writing.
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
