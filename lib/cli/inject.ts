/** `mirrorgate ca inject TARGET`: the roots of the private CA into VMs and machines. */
import type { Command } from 'commander';
import { Authority } from '../ca/authority.ts';
import { gateAccess } from '../clients/gate-access.ts';
import { inject } from '../injection/inject.ts';
import { parseInjectionTarget } from '../injection/target.ts';
import { authorityOptions } from './ca.ts';
import { loadForCommand, wantsJson } from './context.ts';
import { print, printJson } from './output.ts';

export function registerInject(ca: Command): void {
  ca.command('inject')
    .description('make a VM or machine trust the private CA, and forget retired roots')
    .argument('<target>', 'dir:FOLDER, image:FILE, cloud-init:FILE, mmds:FILE or ssh:USER@HOST')
    .option('--dry-run', 'say what would change, and change nothing')
    .action(async (text: string, options: { dryRun?: boolean }, command: Command) => {
      const target = parseInjectionTarget(text);
      const configuration = await loadForCommand(command);
      const authority = await Authority.openExisting(
        authorityOptions(configuration.certificates.directory),
      );
      const bundle = authority.bundle();
      const ca = { fingerprint: authority.fingerprint(), bundlePem: authority.bundlePem() };
      const access = gateAccess(configuration, ca);
      const isDryRun = options.dryRun === true;
      const changes = await inject(target, { bundle, access, isDryRun });
      if (wantsJson(command)) {
        printJson({ target: text, isDryRun, changes });
        return;
      }
      for (const { action, what } of changes) print(`${isDryRun ? 'would ' : ''}${action} ${what}`);
      if (changes.length === 0) print(`${text} trusts the private CA already`);
    });
}
