/** `mirrorgate cache warm`: fetches images into the cache before anybody asks for them. */
import type { Command } from 'commander';
import { askGate } from '../app/control-client.ts';
import { ImageWarmer, type WarmedImage } from '../app/image-warmer.ts';
import { sizeText } from '../config/quantities.ts';
import { errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';
import { loadForCommand, wantsJson } from './context.ts';
import { exitCodes, print, printErrorLine, printJson } from './output.ts';
import { Progress } from './progress.ts';

const ownPlatform = `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`;

interface WarmOptions {
  readonly platform: string;
}

export function registerWarm(cache: Command): void {
  cache
    .command('warm')
    .description('fetch images into the cache of the running gate')
    .argument('<images...>', 'as clients name them: alpine:3.20, ghcr.io/acme/app@sha256:…')
    .option(
      '--platform <platforms>',
      'of an index: linux/arm64, several by comma, all',
      ownPlatform,
    )
    .action(async (images: string[], { platform }: WarmOptions, command: Command) => {
      const configuration = await loadForCommand(command);
      if ((await askGate(configuration, 'status')) === undefined) throw nothingRuns();
      const warmer = new ImageWarmer(configuration, platform.split(','));
      const progress = new Progress();
      const warmed: WarmedImage[] = [];
      for (const image of images) {
        try {
          const result = await warmer.warm(image, (sofar) => progress.show(() => textOf(sofar)));
          progress.clear();
          warmed.push(result);
          if (!wantsJson(command)) print(textOf(result));
        } catch (error) {
          progress.clear();
          const hint = error instanceof MirrorgateError ? error.hint : undefined;
          const rest = hint === undefined ? '' : `; ${hint}`;
          printErrorLine(`mirrorgate: ${image}: ${errorMessage(error)}${rest}`);
          process.exitCode = exitCodes.failed;
        }
      }
      if (wantsJson(command)) printJson(warmed);
    });
}

function textOf({ image, blobs, blobsDone, blobsFetched, bytes }: WarmedImage): string {
  return `${image}: ${blobsDone} of ${blobs} blobs, ${blobsFetched} fetched, ${sizeText(bytes)}`;
}

function nothingRuns(): MirrorgateError {
  return new MirrorgateError(
    'MIRRORGATE_CONTROL_NOT_RUNNING',
    'the cache is filled by a running gate, and none runs',
    { hint: 'start it: mirrorgate serve' },
  );
}
