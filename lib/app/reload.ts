/** What a reload can change and what it cannot. */
import { isDeepStrictEqual } from 'node:util';
import type { Configuration } from '../config/configuration.ts';

/** Names that the allow-list may refer to. */
export function knownNames({ mirrors, services }: Configuration): string[] {
  return [...mirrors, ...services].map(({ name }) => name);
}

/** Keys whose new value needs a restart: processes and folders that are in use. */
export function changesThatNeedRestart(before: Configuration, now: Configuration): string[] {
  const fixed: Readonly<Record<string, (configuration: Configuration) => unknown>> = {
    'listen.admin': ({ listen }) => listen.admin,
    processes: ({ processes }) => processes,
    'certificates.directory': ({ certificates }) => certificates.directory,
    'state.directory': ({ stateDirectory }) => stateDirectory,
    'cache.directory': ({ cache }) => cache.directory,
    'log.level and log.format': ({ log }) => [log.level, log.format],
  };
  return Object.entries(fixed)
    .filter(([, part]) => !isDeepStrictEqual(part(before), part(now)))
    .map(([key]) => key);
}
