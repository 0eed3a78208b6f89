/** What an operator may have a running gate do to its cache. */
import type { Configuration } from '../config/configuration.ts';
import type { Purged } from '../store/purge.ts';
import { parseSelector, purgeDetail } from './cache-selector.ts';
import type { ControlCommands } from './control-server.ts';
import type { Fleet } from './fleet.ts';

/** A cache of millions of contents on a slow disk. */
const deadlineMs = 10 * 60_000;

export function cacheCommands(
  fleet: Pick<Fleet, 'askWorkers' | 'askEdges'>,
  configuration: () => Configuration,
): ControlCommands {
  /** Every worker looks at the disk again, and no edge answers from memory what is gone. */
  const look = async (): Promise<void> => {
    await fleet.askWorkers('look', undefined, deadlineMs);
    await fleet.askEdges('forgetAnswers', undefined);
  };
  return {
    async 'cache-purge'(detail): Promise<Purged> {
      const { selector } = purgeDetail.parse(detail);
      const selection = parseSelector(selector, configuration());
      const purged = await fleet.askWorkers('purge', selection, deadlineMs);
      await look();
      return {
        records: sumOf(purged, ({ records }) => records),
        contents: sumOf(purged, ({ contents }) => contents),
        bytes: sumOf(purged, ({ bytes }) => bytes),
      };
    },
    'cache-look': look,
  };
}

function sumOf(purged: readonly Purged[], part: (one: Purged) => number): number {
  return purged.reduce((sum, one) => sum + part(one), 0);
}
