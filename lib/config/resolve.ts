/**
 * Joins what was written into the {@link Configuration}: known registries filled in, paths made
 * absolute, sites derived. Every contradiction between parts of the file is a finding.
 */
import { dirname, resolve } from 'node:path';
import { tryAddress } from '../net/address.ts';
import {
  universalSite,
  type AcmeConfiguration,
  type BandwidthConfiguration,
  type Configuration,
  type Mirror,
  type NotifyConfiguration,
} from './configuration.ts';
import { contradictions } from './contradictions.ts';
import { resolveLimits } from './limits-schema.ts';
import type { PlacedSite } from './placed-site.ts';
import { resolveAcme } from './resolve-acme.ts';
import { resolveMirror } from './resolve-mirror.ts';
import { resolveNotify } from './resolve-notify.ts';
import type { PassphraseReference } from './passphrase.ts';
import type { NameSubtree } from './scalars.ts';
import type { WrittenConfiguration } from './schema.ts';
import type { SecretReference, Sources } from './sources.ts';
import type { Finding, KeyPath } from './yaml-file.ts';

export interface ResolutionContext {
  /** Absolute path of the configuration. */
  readonly file: string;
  /** Reads the secrets that it refers to. */
  readonly sources: Sources;
  /** Top-level keys that lack parts which had faults of their own; none unless told. */
  readonly incomplete?: ReadonlySet<string>;
}

export interface Resolution {
  readonly configuration: Configuration;
  readonly findings: readonly Finding[];
}

type Absolute = (path: string) => string;

export function resolveConfiguration(
  written: WrittenConfiguration,
  { file, sources, incomplete = new Set() }: ResolutionContext,
): Resolution {
  const findings: Finding[] = [];
  const secretFiles = new Set<string>();
  const absolute: Absolute = (path) => resolve(dirname(file), path);
  const readSecret = (reference: SecretReference, path: KeyPath): string => {
    const placed = 'file' in reference ? { file: absolute(reference.file) } : reference;
    if ('file' in placed) secretFiles.add(placed.file);
    const result = sources.readSecret(placed);
    if (result.kind === 'secret') return result.value;
    findings.push({ path, message: result.reason, fix: result.fix });
    return '';
  };
  const mirrors = written.mirrors.map((mirror, index) =>
    resolveMirror(mirror, { path: ['mirrors', index], findings, readSecret }),
  );
  const notify = resolveNotify(written.notify, { findings, readSecret });
  const sites = listSites(written, mirrors);
  const { acme: writtenAcme } = written.certificates;
  const acme = writtenAcme && resolveAcme(writtenAcme, { findings, readSecret });
  const configuration = join(written, {
    ...{ file, absolute, mirrors, sites, acme, sources, notify },
    secretFiles: [...secretFiles],
  });
  findings.push(...contradictions(configuration, { sites, incomplete }));
  return { configuration, findings };
}

interface Parts {
  readonly file: string;
  readonly absolute: Absolute;
  readonly mirrors: readonly Mirror[];
  readonly sites: readonly PlacedSite[];
  readonly acme: AcmeConfiguration | undefined;
  readonly sources: Sources;
  readonly secretFiles: readonly string[];
  readonly notify: NotifyConfiguration | undefined;
}

function join(written: WrittenConfiguration, parts: Parts): Configuration {
  const { file, absolute, mirrors, sites, acme, sources, secretFiles, notify } = parts;
  const { admin } = written.listen;
  const stateDirectory = absolute(written.state.directory);
  const { directory, privateCa, files } = written.certificates;
  return {
    file,
    listen: {
      ...written.listen,
      proxyProtocol: written.listen.proxyProtocol ?? { https: [], from: [] },
      admin: admin.kind === 'unix' ? { kind: 'unix', path: absolute(admin.path) } : admin,
    },
    processes: {
      edges: written.processes.edges === 'auto' ? sources.defaultEdges : written.processes.edges,
      workers: written.processes.workers,
    },
    certificates: {
      directory: directory === undefined ? resolve(stateDirectory, 'certs') : absolute(directory),
      acme,
      privateCa: {
        name: privateCa.name,
        permitted:
          privateCa.permitted ?? ownSubtrees(sites, written.clientCertificates !== undefined),
        leafLifetimeMs: privateCa.leafLifetime,
        rootLifetimeMs: privateCa.rootLifetime,
        intermediateLifetimeMs: privateCa.intermediateLifetime,
        overlapMs: privateCa.overlap,
        evidenceWindowMs: privateCa.evidenceWindow,
        passphrase: privateCa.passphrase && absolutePassphrase(privateCa.passphrase, absolute),
      },
      files: files.map(({ certificate, key }) => ({
        certificate: absolute(certificate),
        key: absolute(key),
      })),
    },
    stateDirectory,
    cache: {
      directory: absolute(written.cache.directory),
      maxSizeBytes: written.cache.maxSize,
      minFree: written.cache.minFree,
      finishAbandonedShare: written.cache.finishAbandoned,
      scrubPeriodMs: written.cache.scrub === 'off' ? undefined : written.cache.scrub,
    },
    mirrors,
    universalHosts: written.universal?.hosts ?? [],
    services: written.services.map(({ name, hosts, target }) => ({
      name,
      hosts,
      target: target.origin,
    })),
    sites: sites.map(({ site }) => site),
    allowListFile: absolute(written.allowList),
    clientCertificates: written.clientCertificates,
    secretFiles,
    bandwidth: resolveBandwidth(written.bandwidth),
    limits: resolveLimits(written.limits),
    caAccess: written.ca.access,
    notify,
    log: written.log,
  };
}

function listSites(written: WrittenConfiguration, mirrors: readonly Mirror[]): PlacedSite[] {
  const { issuer } = written.certificates;
  const { universal } = written;
  return [
    ...(universal === undefined
      ? []
      : [
          {
            site: {
              name: universalSite,
              hosts: universal.hosts,
              issuer: universal.issuer ?? issuer,
            },
            path: ['universal'],
          },
        ]),
    ...mirrors.map(({ name, hosts }, index) => ({
      site: { name, hosts, issuer: written.mirrors[index]?.issuer ?? issuer },
      path: ['mirrors', index],
    })),
    ...written.services.map((service, index) => ({
      site: { name: service.name, hosts: service.hosts, issuer: service.issuer ?? issuer },
      path: ['services', index],
    })),
  ].filter(({ site }) => site.hosts.length > 0);
}

/** Of a CA that signs for clients alone: no host is in it (RFC 6761 §6.4). */
const noHost: NameSubtree = { kind: 'dns', zone: 'clients.invalid' };

/** The narrowest constraints that fit: exactly the hosts that the private CA signs for. */
function ownSubtrees(sites: readonly PlacedSite[], hasClients: boolean): NameSubtree[] {
  const hosts = sites.flatMap(({ site }) => (site.issuer === 'private-ca' ? site.hosts : []));
  if (hosts.length === 0 && hasClients) return [noHost];
  return hosts.map((host): NameSubtree => {
    const address = tryAddress(host);
    return address === undefined
      ? { kind: 'dns', zone: host }
      : { kind: 'ip', cidr: { network: address, prefixLength: address.length * 8 } };
  });
}

function absolutePassphrase(
  reference: PassphraseReference,
  absolute: Absolute,
): PassphraseReference {
  return 'file' in reference ? { file: absolute(reference.file) } : reference;
}

function resolveBandwidth(bandwidth: WrittenConfiguration['bandwidth']): BandwidthConfiguration {
  const { resetDay, timeZone, stages } = bandwidth;
  return {
    ...{ resetDay, timeZone, interface: bandwidth.interface },
    monthlyBytes: bandwidth.monthly,
    perClientBytesPerSecond: bandwidth.perClient,
    perClientMonthlyBytes: bandwidth.perClientMonthly,
    upstreamBytesPerSecond: bandwidth.upstream,
    graceMs: bandwidth.grace,
    stages: stages.map(({ at, do: action, rate }) => ({ share: at, action, bytesPerSecond: rate })),
  };
}
