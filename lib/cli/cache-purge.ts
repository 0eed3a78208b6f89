/** `mirrorgate cache purge` and `cache verify`: what lies in the cache, taken out or looked over. */
import type { Command } from 'commander';
import { parseSelector } from '../app/cache-selector.ts';
import { askGate } from '../app/control-client.ts';
import { isIntact } from '../cache/content-check.ts';
import type { Configuration } from '../config/configuration.ts';
import { sizeText } from '../config/quantities.ts';
import type { Digest } from '../oci/digest.ts';
import type { BlobEntry } from '../store/blob-store.ts';
import { FileBlobStore } from '../store/file-blob-store.ts';
import { StoreLayout } from '../store/layout.ts';
import { purge, type Purged } from '../store/purge.ts';
import { RepositoryIndex } from '../store/repository-index.ts';
import { systemClock } from '../time/clock.ts';
import { loadForCommand, wantsJson } from './context.ts';
import { exitCodes, print, printErrorLine, printJson } from './output.ts';
import { Progress } from './progress.ts';

export function registerPurge(cache: Command): void {
  cache
    .command('purge')
    .description('take out all, a mirror, a repository, an image or one digest')
    .argument('[selector]', 'MIRROR, MIRROR/REPOSITORY (a glob), MIRROR/REPOSITORY:TAG or sha256:…')
    .action(async (selector: string | undefined, _options: unknown, command: Command) => {
      const configuration = await loadForCommand(command);
      const { records, contents, bytes } = await purgeCache(configuration, selector);
      if (wantsJson(command)) printJson({ records, contents, bytes });
      else print(`${records} records and ${contents} contents removed, ${sizeText(bytes)}`);
    });
}

/** By the running gate, which also knows it in memory; else on the files. */
async function purgeCache(
  configuration: Configuration,
  selector: string | undefined,
): Promise<Purged> {
  const selection = parseSelector(selector, configuration);
  const told = await askGate(configuration, 'cache-purge', { selector });
  if (told !== undefined) return told.value as Purged;
  const layout = new StoreLayout(configuration.cache.directory);
  const store = FileBlobStore.visit({ layout, clock: systemClock });
  return purge({ layout, store, index: new RepositoryIndex(layout) }, selection);
}

interface Verified {
  readonly contents: number;
  readonly bytes: number;
  /** Set aside; they are fetched again when they are asked for. */
  readonly damaged: readonly Digest[];
}

export function registerVerify(cache: Command): void {
  cache
    .command('verify')
    .description('hash all that is cached, and set aside what is damaged (then exits with 1)')
    .action(async (_options: unknown, command: Command) => {
      const configuration = await loadForCommand(command);
      const { contents, bytes, damaged } = await verifyCache(configuration);
      if (damaged.length > 0) {
        // The gate counts what it has; where none runs there is nothing to tell.
        await askGate(configuration, 'cache-look');
        process.exitCode = exitCodes.failed;
      }
      if (wantsJson(command)) {
        printJson({ contents, bytes, damaged });
        return;
      }
      for (const digest of damaged) {
        printErrorLine(`mirrorgate: ${digest} was damaged; set aside, to be fetched again`);
      }
      print(`${contents} contents verified, ${sizeText(bytes)}, ${damaged.length} damaged`);
    });
}

async function verifyCache({ cache }: Configuration): Promise<Verified> {
  const store = FileBlobStore.visit({
    layout: new StoreLayout(cache.directory),
    clock: systemClock,
  });
  const entries: BlobEntry[] = [];
  for await (const entry of store.list()) entries.push(entry);
  const totalBytes = entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const progress = new Progress();
  const damaged: Digest[] = [];
  let [contents, bytes] = [0, 0];
  for (const { digest, sizeBytes } of entries) {
    progress.show(
      () => `${contents} of ${entries.length}, ${sizeText(bytes)} of ${sizeText(totalBytes)}`,
    );
    const blob = await store.open(digest);
    if (blob === undefined) continue;
    try {
      if (!(await isIntact(blob, digest))) damaged.push(digest);
    } finally {
      await blob.close();
    }
    contents += 1;
    bytes += sizeBytes;
  }
  for (const digest of damaged) await store.setAside(digest);
  progress.clear();
  return { contents, bytes, damaged };
}
