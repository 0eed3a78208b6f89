/** Ports that can be had, names that lead here, upstreams that answer, and whether the clock is right. */
import { lookup } from 'node:dns/promises';
import { request } from 'node:https';
import { request as plainRequest, type IncomingMessage } from 'node:http';
import { networkInterfaces } from 'node:os';
import { rootCertificates } from 'node:tls';
import type { Mirror } from '../../config/configuration.ts';
import { errorCode, errorMessage } from '../../errors/mirrorgate-error.ts';
import { tryDnsName } from '../../net/host-name.ts';
import { endpointText } from '../../net/endpoint.ts';
import { portTrouble } from '../listening.ts';
import { edgeSettings } from '../settings.ts';
import { releasedAt } from '../version.ts';
import { finding, type Check, type DoctorFinding } from './finding.ts';

const deadlineMs = 5_000;

export const checkPorts: Check = async ({ configuration, isRunning }) => {
  const { https, http } = edgeSettings(configuration);
  const endpoints = [...https.map(({ endpoint }) => endpoint), ...http];
  return await Promise.all(
    endpoints.map(async (endpoint) => {
      const subject = endpointText(endpoint);
      if (isRunning) return finding('port', subject, ['ok', 'the running gate listens there']);
      const trouble = await portTrouble(endpoint);
      if (trouble === undefined) return finding('port', subject, ['ok', 'is free']);
      return finding('port', subject, ['failed', trouble.message, trouble.hint]);
    }),
  );
};

export const checkNames: Check = async ({ configuration }) => {
  const hosts = configuration.sites.flatMap(({ hosts: names }) => names);
  const names = [...new Set(hosts)].filter((host) => tryDnsName(host) !== undefined);
  return await Promise.all(names.map((name) => checkName(name)));
};

async function checkName(name: string): Promise<DoctorFinding> {
  try {
    const found = await withDeadline(lookup(name, { all: true }));
    const addresses = found.map(({ address }) => address);
    const own = new Set(
      Object.values(networkInterfaces()).flatMap((entries = []) =>
        entries.map(({ address }) => address),
      ),
    );
    const text = `resolves to ${addresses.join(', ')}`;
    if (addresses.some((address) => own.has(address))) return finding('dns', name, ['ok', text]);
    const hint = 'right behind NAT or a load balancer; else correct the DNS record';
    return finding('dns', name, ['warning', `${text}, none of them of this machine`, hint]);
  } catch (error) {
    const hint = 'add a DNS record for it, or an entry in /etc/hosts of the clients';
    return finding('dns', name, ['failed', `does not resolve: ${errorMessage(error)}`, hint]);
  }
}

/** Each upstream's API, and from its `Date` header whether our clock is right. */
export const checkUpstreams: Check = async ({ configuration, now }) => {
  const begunAt = performance.now();
  const asked = configuration.mirrors.flatMap((mirror) =>
    mirror.upstreams.map((upstream) => askUpstream(mirror, upstream)),
  );
  const answers = await Promise.all(asked);
  const clockNow = new Date(now.getTime() + (performance.now() - begunAt));
  const date = answers.map(({ date: told }) => told).find((told) => told !== undefined);
  return [...answers.map((answer) => answer.finding), clockFinding(date, clockNow)];
};

interface UpstreamAnswer {
  readonly finding: DoctorFinding;
  readonly date: Date | undefined;
}

async function askUpstream(mirror: Mirror, upstream: string): Promise<UpstreamAnswer> {
  const subject = `${mirror.name} ${upstream}`;
  try {
    const { statusCode = 0, headers } = await withDeadline(head(mirror, `${upstream}/v2/`));
    const date = headers.date === undefined ? undefined : new Date(headers.date);
    const text = `answers GET /v2/ with ${statusCode}`;
    if (statusCode === 200 || statusCode === 401) {
      return { finding: finding('upstream', subject, ['ok', text]), date };
    }
    const hint = 'a registry answers 200 or 401: check the upstream in the configuration';
    return { finding: finding('upstream', subject, ['warning', text, hint]), date };
  } catch (error) {
    const message = `does not answer: ${errorMessage(error)}`;
    return {
      finding: finding('upstream', subject, ['failed', message, upstreamHint(error)]),
      date: undefined,
    };
  }
}

function upstreamHint(error: unknown): string {
  const code = errorCode(error) ?? '';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'check the DNS resolver of this machine';
  if (/CERT|SIGNED/.test(code)) return 'name its root as upstreamTrust of the mirror';
  return 'check its address, and the firewall on the way there';
}

function head({ upstreamTrust }: Mirror, url: string): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const isPlain = url.startsWith('http:');
  const ca =
    upstreamTrust === undefined ? [...rootCertificates] : [...rootCertificates, upstreamTrust];
  const signal = AbortSignal.timeout(deadlineMs);
  const sent = isPlain ? plainRequest(url, { signal }) : request(url, { signal, ca });
  sent.on('response', (response) => {
    response.resume();
    resolve(response);
  });
  sent.on('error', reject);
  sent.end();
  return promise;
}

const toleratedSkewMs = 5_000;
const seriousSkewMs = 60_000;

function clockFinding(told: Date | undefined, now: Date): DoctorFinding {
  const hint = 'set the clock by NTP (timedatectl set-ntp true)';
  if (now < releasedAt) {
    return finding('clock', now.toISOString(), ['failed', 'is before this version was made', hint]);
  }
  if (told === undefined || Number.isNaN(told.getTime())) {
    return finding('clock', now.toISOString(), ['ok', 'plausible; no upstream told its time']);
  }
  const skewMs = Math.abs(now.getTime() - told.getTime());
  const text = `${Math.round(skewMs / 1000)} s apart from an upstream's`;
  const state = skewMs <= toleratedSkewMs ? 'ok' : skewMs <= seriousSkewMs ? 'warning' : 'failed';
  return finding('clock', now.toISOString(), state === 'ok' ? [state, text] : [state, text, hint]);
}

async function withDeadline<Value>(work: Promise<Value>): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new Error(`no answer within ${deadlineMs} ms`));
  }, deadlineMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
