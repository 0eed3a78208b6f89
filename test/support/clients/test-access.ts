/** A gate as clients see it, made up. */
import type { GateAccess, MirrorAccess } from '../../../lib/clients/gate-access.ts';

export const bundlePem =
  '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n';

export const hub: MirrorAccess = {
  name: 'hub',
  registry: 'docker.io',
  authority: 'hub.mirror.test',
  kind: 'own',
  usesPrivateCa: true,
};

/** Reached by the shared host, on a port that is not 443. */
export const ghcr: MirrorAccess = {
  name: 'ghcr',
  registry: 'ghcr.io',
  authority: 'mirror.test:8443',
  kind: 'shared',
  usesPrivateCa: true,
};

export function testAccess(changes: Partial<GateAccess> = {}): GateAccess {
  return {
    mirrors: [hub, ghcr],
    services: [{ name: 'npm', authority: 'npm.mirror.test', usesPrivateCa: true }],
    ca: { fingerprint: 'ab'.repeat(32), bundlePem },
    caOrigin: 'http://mirror.test',
    ...changes,
  };
}

/** The same with certificates that every machine trusts. */
export function publicAccess(): GateAccess {
  const asPublic = <T extends object>(place: T): T => ({ ...place, usesPrivateCa: false });
  const { mirrors, services } = testAccess();
  return testAccess({
    mirrors: mirrors.map(asPublic),
    services: services.map(asPublic),
    ca: undefined,
  });
}
