/** A BuildKit of its own, as `docker buildx create` starts it: `buildkitd.toml`. */
import type { ClientSetup } from './client-setup.ts';
import { caFileOf, trustSteps } from './client-trust.ts';
import type { GateAccess, MirrorAccess } from './gate-access.ts';

export const buildkitFile = '/etc/buildkit/buildkitd.toml';

export function buildkitSetup(access: GateAccess): ClientSetup {
  const { mirrors } = access;
  return {
    title: `BuildKit behind mirrorgate: ${mirrors.map(({ registry }) => registry).join(', ')}`,
    before: trustSteps(access, mirrors),
    files: [{ path: buildkitFile, content: buildkitToml(mirrors), policy: 'replace' }],
    apply: [
      `docker buildx create --name mirrored --use --config ${buildkitFile}`,
      'or, where buildkitd is a service: systemctl restart buildkit',
    ],
    check: ['docker buildx inspect --bootstrap mirrored', 'docker buildx build --no-cache .'],
    undo: ['docker buildx rm mirrored', `rm ${buildkitFile}`],
    notes: [
      'buildx copies the roots named by "ca" into the builder when it creates it: after a rotation',
      'of the CA create it anew; a buildkitd on the machine reads the file at each connection',
      'when the mirror is down or refuses, BuildKit goes on with the registry itself',
    ],
  };
}

/** buildkitd.toml(5): the mirrors of each registry, and whom to trust at each mirror. */
export function buildkitToml(mirrors: readonly MirrorAccess[]): string {
  const tables = mirrors.map(
    ({ registry, authority }) => `[registry."${registry}"]\n  mirrors = ["${authority}"]\n`,
  );
  const trusted = new Map(
    mirrors.flatMap((mirror) => {
      const caFile = caFileOf(mirror);
      return caFile === undefined ? [] : [[mirror.authority, caFile]];
    }),
  );
  const trust = [...trusted].map(
    ([authority, caFile]) => `[registry."${authority}"]\n  ca = ["${caFile}"]\n`,
  );
  return [...tables, ...trust].join('\n');
}
