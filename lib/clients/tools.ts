/** The container tools that can be set up, by the names people call them. */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { buildkitSetup } from './buildkit.ts';
import { setupText, type ClientSetup } from './client-setup.ts';
import { cloudInitSetup } from './cloud-init.ts';
import { containerdSetup } from './containerd.ts';
import { dockerSetup } from './docker.ts';
import type { GateAccess } from './gate-access.ts';
import { githubActionsSetup } from './github-actions.ts';
import { k3sSetup } from './k3s.ts';
import { npmSetup } from './npm.ts';
import { podmanSetup } from './podman.ts';

const setups = {
  docker: dockerSetup,
  buildkit: buildkitSetup,
  containerd: containerdSetup,
  podman: podmanSetup,
  k3s: k3sSetup,
  'github-actions': githubActionsSetup,
  'cloud-init': cloudInitSetup,
  npm: npmSetup,
} as const satisfies Readonly<Record<string, (access: GateAccess) => ClientSetup>>;

export type ClientTool = keyof typeof setups;

export const clientTools = Object.keys(setups) as readonly ClientTool[];

export function tryClientTool(text: string): ClientTool | undefined {
  return clientTools.find((tool) => tool === text);
}

/**
 * What `tool` needs for every mirror in `access`.
 * @throws MirrorgateError `MIRRORGATE_CLIENT_UNSERVED` where the gate has nothing for it
 */
export function clientSetup(tool: ClientTool, access: GateAccess): ClientSetup {
  if (tool !== 'npm' && access.mirrors.length === 0) {
    throw new MirrorgateError('MIRRORGATE_CLIENT_UNSERVED', 'no mirror is configured');
  }
  return setups[tool](access);
}

/** As it is printed and served. cloud-init tells its files by their first line. */
export function clientText(tool: ClientTool, access: GateAccess): string {
  const text = setupText(clientSetup(tool, access));
  return tool === 'cloud-init' ? `#cloud-config\n${text}` : text;
}
