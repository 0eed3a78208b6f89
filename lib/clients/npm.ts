/** npm, pnpm and yarn: a service of the gate that stands before an npm cache. */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { ClientSetup } from './client-setup.ts';
import { clientBundleFile, trustSteps } from './client-trust.ts';
import type { GateAccess } from './gate-access.ts';

/** The service of this name is taken for the npm cache. */
const serviceName = 'npm';

/** @throws MirrorgateError `MIRRORGATE_CLIENT_UNSERVED` where no service is called npm */
export function npmSetup(access: GateAccess): ClientSetup {
  const service = access.services.find(({ name }) => name === serviceName);
  if (service === undefined) {
    throw new MirrorgateError('MIRRORGATE_CLIENT_UNSERVED', 'no service "npm" is configured', {
      hint: 'put an npm cache behind the gate: services: [{name: npm, hosts: [npm.mirror.example.com], target: "http://127.0.0.1:4873"}]',
    });
  }
  const { authority, usesPrivateCa } = service;
  const lines = [
    `registry=https://${authority}/`,
    // Where `cafile` is set it holds the only roots; the environment variable below adds to them.
    ...(usesPrivateCa ? [`cafile=${clientBundleFile}`] : []),
  ];
  return {
    title: 'npm behind mirrorgate',
    before: trustSteps(access, [service]),
    files: [{ path: '~/.npmrc', content: `${lines.join('\n')}\n`, policy: 'replace' }],
    apply: [],
    check: ['npm ping', 'npm view npm version'],
    undo: ['npm config delete registry', ...(usesPrivateCa ? ['npm config delete cafile'] : [])],
    notes: [
      'a .npmrc that is there already keeps its other lines: add these to it',
      ...(usesPrivateCa
        ? [
            "cafile replaces npm's own roots. Where you use scoped registries elsewhere, leave it out",
            `and set NODE_EXTRA_CA_CERTS=${clientBundleFile} in the environment: that adds to them`,
          ]
        : []),
      'npm has no fallback: while the mirror is down, --registry=https://registry.npmjs.org/ helps',
    ],
  };
}
