/** The container tools that can be set up, by the names people call them. */
import { errorCode, MirrorgateError } from '../errors/mirrorgate-error.ts';
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

/** Of an error that says that the gate has nothing for a tool. */
const unserved = 'MIRRORGATE_CLIENT_UNSERVED';

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
    throw new MirrorgateError(unserved, 'no mirror is configured');
  }
  return setups[tool](access);
}

/** As {@link clientText}, but undefined where the gate has nothing for the tool. */
export function tryClientText(tool: ClientTool, access: GateAccess): string | undefined {
  try {
    return clientText(tool, access);
  } catch (error) {
    if (errorCode(error) === unserved) return undefined;
    throw error;
  }
}

/** As it is printed and served. cloud-init tells its files by their first line. */
export function clientText(tool: ClientTool, access: GateAccess): string {
  const text = setupText(clientSetup(tool, access));
  return tool === 'cloud-init' ? `#cloud-config\n${text}` : text;
}
