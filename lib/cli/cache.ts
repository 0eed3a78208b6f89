/** `mirrorgate cache …`: what lies in the cache. */
import type { Command } from 'commander';
import { sizeText } from '../config/quantities.ts';
import { StoreLayout } from '../store/layout.ts';
import { readUsage } from '../store/usage.ts';
import { registerPurge, registerVerify } from './cache-purge.ts';
import { registerWarm } from './cache-warm.ts';
import { loadForCommand, wantsJson } from './context.ts';
import { print, printJson } from './output.ts';
import { tableText } from './table.ts';

export function registerCache(program: Command): void {
  const cache = program.command('cache').description('the blob cache');

  cache
    .command('usage')
    .description('show what the cache holds, by mirror and repository')
    .action(async (_options: unknown, command: Command) => {
      const configuration = await loadForCommand(command);
      const usage = await readUsage(new StoreLayout(configuration.cache.directory));
      if (wantsJson(command)) {
        printJson(usage);
        return;
      }
      const header = ['MIRROR', 'REPOSITORY', 'TAGS', 'MANIFESTS', 'BLOBS', 'SIZE'];
      const rows = usage.repositories.map((entry) => [
        entry.mirror,
        entry.repository,
        String(entry.tags),
        String(entry.manifests),
        String(entry.blobs),
        sizeText(entry.sizeBytes),
      ]);
      if (rows.length > 0) print(tableText(header, rows));
      print(`${sizeText(usage.sizeBytes)} on disk in ${usage.contents} contents`);
    });
  registerPurge(cache);
  registerVerify(cache);
  registerWarm(cache);
}
