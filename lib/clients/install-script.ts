/**
 * `/ca/install.sh`, made of config/clients/install.sh and what this gate serves. The script trusts
 * nothing that it fetches without a fingerprint or a signature, so it carries neither.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { GateAccess } from './gate-access.ts';

const template = fileURLToPath(new URL('../../config/clients/install.sh', import.meta.url));

/** Reads the template anew: it is called where settings change, not where requests come. */
export function installScript(access: Pick<GateAccess, 'mirrors' | 'caOrigin'>): string {
  const pairs = access.mirrors
    .filter(({ usesPrivateCa }) => usesPrivateCa)
    .map(({ registry, authority }) => `${registry} ${authority}`);
  return readFileSync(template, 'utf8')
    .replace('@URL@', quoted(access.caOrigin))
    .replace('@MIRRORS@', quoted(pairs.join('\n')));
}

/** Stands between single quotes in the script; no name that a configuration may hold has one. */
function quoted(text: string): string {
  if (!/^[\w.:/[\] \n-]*$/.test(text)) throw new TypeError(`not a name for a script: ${text}`);
  return text;
}
