/** Where clients keep the roots of the gate, and how they get there: what install.sh does. */
import type { GateAccess, MirrorAccess } from './gate-access.ts';

/** All roots to trust now, for tools whose configuration names a file. install.sh keeps it. */
export const clientBundleFile = '/etc/mirrorgate/ca-bundle.pem';

/** Undefined where the certificate is one that every machine trusts already. */
export function caFileOf({
  usesPrivateCa,
}: Pick<MirrorAccess, 'usesPrivateCa'>): string | undefined {
  return usesPrivateCa ? clientBundleFile : undefined;
}

/** How a client comes to trust `used`; nothing where it does already. */
export function trustSteps(
  { ca, caOrigin }: GateAccess,
  used: readonly Pick<MirrorAccess, 'usesPrivateCa'>[],
): string[] {
  if (ca === undefined || !used.some(({ usesPrivateCa }) => usesPrivateCa)) return [];
  return [
    'trust the private CA of the mirror, as root (read the script first; it installs nothing that',
    'the fingerprint, which "mirrorgate ca fingerprint" prints on the gate, does not stand for):',
    `curl -fsS -o install.sh ${caOrigin}/ca/install.sh`,
    `sh install.sh ${ca.fingerprint}`,
  ];
}
