/** Where Linux distributions keep the roots that every program trusts. */
import type { RootTree } from './root-tree.ts';
import { injectError } from './inject-error.ts';

export interface SystemTrust {
  readonly name: string;
  /** Roots in files of their own, from which the system's tool makes the bundle. */
  readonly anchors: string;
  /** What that tool makes: all roots in one file. */
  readonly bundle: string;
  /** Where OpenSSL looks roots up by name; undefined where it reads the bundle. */
  readonly hashed: string | undefined;
}

/** In the order in which install.sh looks, which is from the special to the general. */
const systems: readonly (SystemTrust & { readonly marks: readonly string[] })[] = [
  {
    name: 'RHEL family',
    marks: ['/etc/pki/ca-trust/source'],
    anchors: '/etc/pki/ca-trust/source/anchors',
    bundle: '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
    hashed: undefined,
  },
  {
    name: 'SUSE',
    marks: ['/etc/pki/trust'],
    anchors: '/etc/pki/trust/anchors',
    bundle: '/var/lib/ca-certificates/ca-bundle.pem',
    hashed: undefined,
  },
  {
    name: 'Arch',
    marks: ['/etc/ca-certificates/trust-source'],
    anchors: '/etc/ca-certificates/trust-source/anchors',
    bundle: '/etc/ca-certificates/extracted/tls-ca-bundle.pem',
    hashed: undefined,
  },
  {
    name: 'Debian, Ubuntu or Alpine',
    marks: ['/usr/share/ca-certificates', '/usr/local/share/ca-certificates'],
    anchors: '/usr/local/share/ca-certificates',
    bundle: '/etc/ssl/certs/ca-certificates.crt',
    hashed: '/etc/ssl/certs',
  },
];

/** @throws MirrorgateError `MIRRORGATE_INJECT_UNKNOWN_SYSTEM` */
export async function findSystemTrust(tree: RootTree): Promise<SystemTrust> {
  for (const system of systems) {
    for (const mark of system.marks) if (await tree.isDirectory(mark)) return system;
  }
  throw injectError('UNKNOWN_SYSTEM', `${tree.name}: no place for roots that is known`, {
    hint: 'install the package ca-certificates in it; Debian, Ubuntu, Alpine, the RHEL family, SUSE and Arch are known',
  });
}
