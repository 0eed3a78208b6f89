/** `mirrorgate client TOOL`: what a container tool needs to use the mirrors. */
import { Argument, type Command } from 'commander';
import { Authority } from '../ca/authority.ts';
import { clientSetup, clientText, clientTools, type ClientTool } from '../clients/tools.ts';
import { gateAccess, type CaAccess, type GateAccess } from '../clients/gate-access.ts';
import type { Configuration } from '../config/configuration.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { authorityOptions } from './ca.ts';
import { loadForCommand, wantsJson } from './context.ts';
import { printJson } from './output.ts';

export function registerClient(program: Command): void {
  program
    .command('client')
    .description('print the ready configuration of a container tool')
    .addArgument(new Argument('<tool>', 'the tool to set up').choices(clientTools))
    .option('--mirror <name>', 'for this mirror alone')
    .action(async (tool: ClientTool, options: { mirror?: string }, command: Command) => {
      const configuration = await loadForCommand(command);
      const access = ofMirror(
        gateAccess(configuration, await caAccess(configuration)),
        options.mirror,
      );
      if (wantsJson(command)) printJson({ tool, ...clientSetup(tool, access) });
      else process.stdout.write(clientText(tool, access));
    });
}

/** @throws MirrorgateError `MIRRORGATE_CA_*` where hosts need a CA that was not made yet */
async function caAccess({ sites, certificates }: Configuration): Promise<CaAccess | undefined> {
  if (!sites.some(({ issuer }) => issuer === 'private-ca')) return undefined;
  const authority = await Authority.openExisting(authorityOptions(certificates.directory));
  return { fingerprint: authority.fingerprint(), bundlePem: authority.bundlePem() };
}

function ofMirror(access: GateAccess, name: string | undefined): GateAccess {
  if (name === undefined) return access;
  const mirrors = access.mirrors.filter((mirror) => mirror.name === name);
  if (mirrors.length > 0) return { ...access, mirrors };
  throw new MirrorgateError('MIRRORGATE_MIRROR_ARGUMENT', `no mirror is called "${name}"`, {
    hint: `there are: ${access.mirrors.map((mirror) => mirror.name).join(', ')}`,
  });
}
