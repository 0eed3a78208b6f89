/** The configuration that a command works on. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Configuration } from '../config/configuration.ts';
import { loadConfiguration } from '../config/load.ts';

const defaultFiles = ['config/mirrorgate.yaml', '/etc/mirrorgate/mirrorgate.yaml'];

export interface GlobalOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** The file named by `--config`, else the first default that exists, else the first default. */
export function configurationFile({ config }: GlobalOptions): string {
  return resolve(
    config ?? defaultFiles.find((file) => existsSync(file)) ?? 'config/mirrorgate.yaml',
  );
}

/** @throws ConfigurationError */
export function loadForCommand(command: Command): Promise<Configuration> {
  return loadConfiguration(configurationFile(command.optsWithGlobals<GlobalOptions>()));
}

export function wantsJson(command: Command): boolean {
  return command.optsWithGlobals<GlobalOptions>().json === true;
}
