/** A configuration written into a folder of its own, and what the program makes of it. */
import { writeFile } from 'node:fs/promises';
import type { Configuration } from '../../../lib/config/configuration.ts';
import { loadConfiguration } from '../../../lib/config/load.ts';
import { ConfigurationError, type Problem } from '../../../lib/config/problems.ts';
import type { Sources } from '../../../lib/config/sources.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { rejectionOf } from '../../support/rejection.ts';

/** Secrets by the path or the name that is asked for; four edges by default. */
export function sourcesOf(secrets: Readonly<Record<string, string>> = {}): Sources {
  return {
    defaultEdges: 4,
    readSecret(reference) {
      const name = 'file' in reference ? reference.file : reference.env;
      const value = secrets[name];
      return value === undefined
        ? { kind: 'missing', reason: `${name} is absent`, fix: 'put the secret there' }
        : { kind: 'secret', value };
    },
  };
}

export async function load(text: string, sources = sourcesOf()): Promise<Configuration> {
  const directory = await TemporaryDirectory.create('configuration');
  try {
    const path = directory.join('mirrorgate.yaml');
    await writeFile(path, text);
    return await loadConfiguration(path, sources);
  } finally {
    await directory.close();
  }
}

/** Everything that is wrong with it. @throws where nothing is */
export async function problemsOf(text: string, sources = sourcesOf()): Promise<readonly Problem[]> {
  const error = await rejectionOf(load(text, sources));
  if (error instanceof ConfigurationError) return error.problems;
  throw error;
}

/** `line:column key`, of each problem. */
export async function placesOf(text: string): Promise<string[]> {
  const problems = await problemsOf(text);
  return problems.map(({ line, column, key }) => `${line ?? 0}:${column ?? 0} ${key}`);
}
