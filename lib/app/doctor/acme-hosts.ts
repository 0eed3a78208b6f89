/**
 * What would keep a CA from validating the hosts of this gate, as far as it can be seen from here:
 * names that do not resolve, and a port 80 that somebody else answers, or nobody.
 */
import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { request } from 'undici';
import type { Configuration } from '../../config/configuration.ts';
import { errorMessage } from '../../errors/mirrorgate-error.ts';
import { isAddress, urlHost, type HostName } from '../../net/host-name.ts';
import { finding, type Check } from './finding.ts';

/** One host, and what is wrong with it; `problem` is undefined where all is well. */
export interface AcmeFinding {
  readonly host: HostName;
  readonly problem: string | undefined;
  readonly hint: string | undefined;
}

export interface AcmeProbe {
  /** Every address of a name; rejects where it has none. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** Addresses of this machine. */
  readonly ownAddresses?: () => readonly string[];
  /** Port of plain http, 80 unless told. */
  readonly port?: number;
}

/** What no gate has a token for: one answers 404 of the type of a token, whoever asks. */
const nobodysPath = '/.well-known/acme-challenge/mirrorgate-doctor';
const deadlineMs = 5_000;

/**
 * Looks at each host of the issuer `acme`, while the gate runs. Rejects never: what goes wrong is
 * a finding. A name that leads to an address that no interface has may be right (NAT, a load
 * balancer): then what answers at its port 80 decides.
 */
export async function checkAcmeHosts(
  { certificates, sites }: Configuration,
  probe: AcmeProbe = {},
): Promise<readonly AcmeFinding[]> {
  const needsHttp = certificates.acme?.challenges.includes('http-01') === true;
  const needsNames = certificates.acme?.challenges.some((kind) => kind !== 'dns-01') === true;
  if (!needsNames) return [];
  const hosts = sites.flatMap((site) => (site.issuer === 'acme' ? site.hosts : []));
  return await Promise.all(hosts.map((host) => checkHost(host, needsHttp, probe)));
}

/** Without a gate nobody would answer a CA. */
export const checkAcme: Check = async ({ configuration, isRunning }) => {
  if (!isRunning) return [];
  const findings = await checkAcmeHosts(configuration);
  return findings.map(({ host, problem, hint }) =>
    problem === undefined
      ? finding('acme', host, ['ok', 'a CA can validate it, as far as can be seen from here'])
      : finding('acme', host, ['failed', problem, hint]),
  );
};

async function checkHost(
  host: HostName,
  needsHttp: boolean,
  probe: AcmeProbe,
): Promise<AcmeFinding> {
  const { resolve = resolveAll, ownAddresses = machineAddresses } = probe;
  let addresses: readonly string[];
  try {
    addresses = isAddress(host) ? [host] : await resolve(host);
  } catch (error) {
    const hint = `add an A or AAAA record for ${host} that leads to this machine`;
    return { host, problem: `${host} does not resolve: ${errorMessage(error)}`, hint };
  }
  if (!needsHttp) {
    const own = ownAddresses();
    if (addresses.some((address) => own.includes(address))) return fine(host);
    return {
      host,
      problem: `${host} leads to ${addresses.join(', ')}, which is no address of this machine`,
      hint: 'this is right behind NAT alone; see that port 443 is passed on to this machine',
    };
  }
  const problem = await tryPort(host, probe.port ?? 80);
  if (problem === undefined) return fine(host);
  return {
    host,
    problem: `port 80 of ${host} (${addresses.join(', ')}) ${problem}`,
    hint: 'let the whole internet reach listen.http of this gate there, or use another challenge',
  };
}

function fine(host: HostName): AcmeFinding {
  return { host, problem: undefined, hint: undefined };
}

/** Why it is not this gate that answers; undefined where it is one. */
async function tryPort(host: HostName, port: number): Promise<string | undefined> {
  try {
    const { statusCode, headers, body } = await request(
      `http://${urlHost(host)}:${port}${nobodysPath}`,
      { signal: AbortSignal.timeout(deadlineMs) },
    );
    await body.dump();
    const isGate = statusCode === 404 && headers['content-type'] === 'application/octet-stream';
    return isGate ? undefined : `is answered by something else (status ${statusCode})`;
  } catch (error) {
    return `does not answer: ${errorMessage(error)}`;
  }
}

async function resolveAll(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
}

function machineAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).map(({ address }) => address),
  );
}
