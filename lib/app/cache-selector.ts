/** What a command line names of the cache: nothing for all of it, a digest, a mirror or part of one. */
import { z } from 'zod';
import type { Configuration } from '../config/configuration.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { tryDigest } from '../oci/digest.ts';
import { tryTag } from '../oci/names.ts';
import type { PurgeSelection } from '../store/purge.ts';

/** How a selector comes over the control socket. */
export const purgeDetail = z.strictObject({ selector: z.string().max(1024).optional() });

/**
 * `sha256:…`, or `MIRROR[/REPOSITORY][:TAG]`: the mirror by its name or its registry, the
 * repository as a glob.
 * @throws MirrorgateError `MIRRORGATE_CACHE_SELECTOR_ARGUMENT`
 */
export function parseSelector(
  text: string | undefined,
  { mirrors }: Pick<Configuration, 'mirrors'>,
): PurgeSelection {
  if (text === undefined) return { kind: 'all' };
  const digest = tryDigest(text);
  if (digest !== undefined) return { kind: 'digest', digest };
  const [, first = '', repository, tagText] = /^([^/:]+)(?:\/([^:]+))?(?::(.+))?$/.exec(text) ?? [];
  const mirror = mirrors.find(
    ({ name, registry, aliases }) =>
      name === first || registry === first || aliases.includes(first),
  );
  if (mirror === undefined) {
    const names = mirrors.map(({ name }) => name).join(', ');
    throw refusal(
      `"${text}" names no mirror`,
      `write MIRROR/REPOSITORY:TAG, MIRROR among ${names}`,
    );
  }
  const tag = tagText === undefined ? undefined : tryTag(tagText);
  if (tagText !== undefined && tag === undefined) {
    throw refusal(`"${tagText}" is no tag`, 'write MIRROR/REPOSITORY:TAG');
  }
  return {
    kind: 'records',
    mirror: mirror.name,
    ...(repository === undefined ? {} : { repository }),
    ...(tag === undefined ? {} : { tag }),
  };
}

function refusal(message: string, hint: string): MirrorgateError {
  return new MirrorgateError('MIRRORGATE_CACHE_SELECTOR_ARGUMENT', message, { hint });
}
