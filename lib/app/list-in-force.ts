/** The allow-list of a running gate: read, watched, and compared with what was in force before. */
import { isDeepStrictEqual } from 'node:util';
import type { AllowListData } from '../access/allow-list.ts';
import { listDifference } from '../access/list-difference.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Logger } from '../telemetry/logger.ts';
import { readGuardedAllowList } from './guarded-allow-list.ts';
import type { WatchedFiles } from './watched-files.ts';

export interface ListInForceOptions {
  readonly watchedFiles: WatchedFiles;
  readonly logger: Logger;
  /** A file of ranges that the list names has changed. */
  readonly onChange: () => void;
}

export class ListInForce {
  readonly #options: ListInForceOptions;
  #list: AllowListData | undefined;
  /** The files of ranges that the last reading came to. */
  #rangeFiles = new Set<string>();

  constructor(options: ListInForceOptions) {
    this.#options = options;
  }

  /** As it stands in its files now; nothing is in force by that. @throws ConfigurationError */
  read(configuration: Configuration): Promise<AllowListData> {
    const { watchedFiles, onChange } = this.#options;
    const rangeFiles = new Set<string>();
    this.#rangeFiles = rangeFiles;
    return readGuardedAllowList(configuration, (path) => {
      rangeFiles.add(path);
      watchedFiles.addRanges(path, onChange);
    });
  }

  /** Takes what was read last into force, and logs what it changes. Returns it. */
  take(list: AllowListData): AllowListData {
    const { watchedFiles, logger } = this.#options;
    watchedFiles.keepRanges(this.#rangeFiles);
    if (this.#list !== undefined && !isDeepStrictEqual(this.#list, list)) {
      logger.info('allow-list changed', { ...listDifference(this.#list, list) });
    }
    this.#list = list;
    return list;
  }

  /** Both, for a file that changed by itself. @throws ConfigurationError */
  async renew(configuration: Configuration): Promise<AllowListData> {
    const list = this.take(await this.read(configuration));
    const { allowListFile: file } = configuration;
    this.#options.logger.info('allow-list reloaded', { file, entries: list.entries.length });
    return list;
  }
}
