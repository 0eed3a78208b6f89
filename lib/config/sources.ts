/** Where configuration values come from beside the file itself: secrets, environment, machine. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { errorCode, errorMessage } from '../errors/mirrorgate-error.ts';

export type SecretReference = { readonly file: string } | { readonly env: string };

export type SecretResult =
  | { readonly kind: 'secret'; readonly value: string }
  | { readonly kind: 'missing'; readonly reason: string; readonly fix: string };

export interface Sources {
  /** `file` is absolute. One trailing newline is not part of a secret. */
  readSecret(reference: SecretReference): SecretResult;
  /** Edge processes for `edges: auto`. */
  readonly defaultEdges: number;
}

/** The real ones: files, `process.env`, this machine's processors. */
export const machineSources: Sources = {
  defaultEdges: Math.max(1, availableParallelism() - 1),
  readSecret(reference) {
    return 'file' in reference ? readFileSecret(reference.file) : readEnvironment(reference.env);
  },
};

function readFileSecret(path: string): SecretResult {
  try {
    return secret(readFileSync(path, 'utf8').replace(/\r?\n$/, ''), path);
  } catch (error) {
    return {
      kind: 'missing',
      reason: `${path} cannot be read (${errorCode(error) ?? errorMessage(error)})`,
      fix: 'create the file, readable for the user that runs mirrorgate alone',
    };
  }
}

function readEnvironment(name: string): SecretResult {
  return secret(process.env[name] ?? '', `the environment variable ${name}`);
}

function secret(value: string, source: string): SecretResult {
  if (value !== '') return { kind: 'secret', value };
  return { kind: 'missing', reason: `${source} is empty or absent`, fix: 'put the secret there' };
}
