/** What a reload can change and what it cannot. */
import { isDeepStrictEqual } from 'node:util';
import type { Configuration } from '../config/configuration.ts';
import { errorFields, type LogFields } from '../telemetry/logger.ts';

/** Names that the allow-list may refer to. */
export function knownNames({ mirrors, services }: Configuration): string[] {
  return [...mirrors, ...services].map(({ name }) => name);
}

/** Keys whose new value needs a restart: processes and folders that are in use. */
export function changesThatNeedRestart(running: Configuration, wanted: Configuration): string[] {
  const fixed: Readonly<Record<string, (configuration: Configuration) => unknown>> = {
    'listen.admin': ({ listen }) => listen.admin,
    processes: ({ processes }) => processes,
    'certificates.directory': ({ certificates }) => certificates.directory,
    'state.directory': ({ stateDirectory }) => stateDirectory,
    'cache.directory': ({ cache }) => cache.directory,
    'cache.maxSize': ({ cache }) => cache.maxSizeBytes,
    'cache.minFree': ({ cache }) => cache.minFree,
    'cache.finishAbandoned': ({ cache }) => cache.finishAbandonedShare,
    'cache.scrub': ({ cache }) => cache.scrubPeriodMs,
    limits: ({ limits }) => limits,
    'log.level': ({ log }) => log.level,
    'log.format': ({ log }) => log.format,
  };
  return Object.entries(fixed)
    .filter(([, part]) => !isDeepStrictEqual(part(running), part(wanted)))
    .map(([key]) => key);
}

/** What is wanted as far as a running gate can have it: the keys above stay as they are. */
export function reloadable(running: Configuration, wanted: Configuration): Configuration {
  const { listen, processes, certificates, stateDirectory, cache, limits, log } = running;
  return Object.freeze({
    ...wanted,
    listen: { ...wanted.listen, admin: listen.admin },
    processes,
    certificates: { ...wanted.certificates, directory: certificates.directory },
    stateDirectory,
    cache,
    limits,
    log: { ...wanted.log, level: log.level, format: log.format },
  });
}

/** Why a reload was refused, a problem a line: a log line is cut to length, and all are to be read. */
export function refusalLines(error: unknown): LogFields[] {
  const { error: text, ...rest } = errorFields(error);
  return String(text)
    .split('\n')
    .map((line) => ({ ...rest, error: line }));
}
