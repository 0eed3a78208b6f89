/** `mirrorgate status`: what the running gate says of itself. */
import type { Command } from 'commander';
import { askGate } from '../app/control-client.ts';
import type { GateStatus } from '../app/gate-status.ts';
import { sizeText } from '../config/quantities.ts';
import { caLine } from './ca-status-text.ts';
import { toned } from './colour.ts';
import { loadForCommand, wantsJson } from './context.ts';
import { bandwidthText } from './bandwidth-text.ts';
import { notRunning } from './not-running.ts';
import { print, printJson } from './output.ts';
import { tableText } from './table.ts';
import type { Told } from './told.ts';

export function registerStatus(program: Command): void {
  program
    .command('status')
    .description(
      'show mirrors, traffic, certificates, cache and upstream quota of the running gate',
    )
    .action(async (_options: unknown, command: Command) => {
      const configuration = await loadForCommand(command);
      const told = await askGate(configuration, 'status');
      if (told === undefined) throw notRunning(configuration.stateDirectory);
      if (wantsJson(command)) printJson(told.value);
      else for (const part of statusText(told.value as Told<GateStatus>)) print(part);
    });
}

function statusText(status: Told<GateStatus>): string[] {
  const { mirrors, services, certificates, roots, ca, cache, bandwidth, connections, processes } =
    status;
  const mirrorRows = mirrors.map(({ name, registry, hosts, ports, upstreams }) => [
    name,
    registry,
    [...hosts, ...ports.map((port) => `:${port}`)].join(', '),
    upstreams.map(upstreamText).join('; '),
  ]);
  const certificateRows = certificates.map((certificate) => [
    certificate.site,
    certificate.issuer,
    certificate.notAfter ?? 'none yet',
    troubleText(certificate),
  ]);
  const rootRows = roots.map(({ state, notAfter, fingerprint }) => [state, notAfter, fingerprint]);
  const limit = cache.maxSizeBytes === undefined ? '' : ` of ${sizeText(cache.maxSizeBytes)}`;
  const away = processes.filter(({ answers }) => !answers).map(({ name }) => name);
  return [
    tableText(['MIRROR', 'REGISTRY', 'HOSTS', 'UPSTREAMS'], mirrorRows),
    tableText(
      ['LAST 24 H', 'PULLS', 'HITS', 'TO CLIENTS', 'SAVED', 'FROM UPSTREAM', 'ERRORS'],
      [...mirrors, ...services].map(trafficRow),
    ),
    tableText(['CERTIFICATE', 'ISSUER', 'EXPIRES', 'TROUBLE'], certificateRows),
    ...(roots.length === 0 ? [] : [tableText(['ROOT', 'EXPIRES', 'SHA-256'], rootRows)]),
    ...(ca === undefined ? [] : [caLine(ca)]),
    `cache ${sizeText(cache.usedBytes)}${limit}, ${connections} connections`,
    ...bandwidthText(bandwidth),
    ...clientsText(status.clients),
    ...denialsText(status.denials),
    ...(status.isReady ? [] : [toned('bad', 'not ready')]),
    ...(away.length === 0 ? [] : [toned('bad', `no answer from ${away.join(', ')}`)]),
  ];
}

function trafficRow({
  name,
  traffic,
}: Pick<Told<GateStatus>['mirrors'][number], 'name' | 'traffic'>): string[] {
  const { requests, hits, sentBytes, savedBytes, upstreamBytes, errors } = traffic;
  return [
    name,
    String(requests),
    requests === 0 ? '0%' : `${Math.round((100 * hits) / requests)}%`,
    sizeText(sentBytes),
    sizeText(savedBytes),
    sizeText(upstreamBytes),
    String(errors),
  ];
}

/** Of each table; `--json` has more. */
const shownClients = 10;
const shownDenials = 5;

/** Those alone that somebody should look after. */
function clientsText(clients: Told<GateStatus>['clients']): string[] {
  const rows = clients
    .flatMap(({ address, label, trust, use }) => {
      const distrusts = trust === 'fails-handshakes' ? 'refuses our certificate' : undefined;
      const bypasses = use.kind === 'bypasses' ? `seems to bypass: ${use.evidence}` : undefined;
      const trouble = [distrusts, bypasses].filter((text) => text !== undefined).join('; ');
      return trouble === '' ? [] : [[address, label ?? '', toned('warning', trouble)]];
    })
    .slice(0, shownClients);
  return rows.length === 0 ? [] : [tableText(['CLIENT', 'LABEL', 'TROUBLE'], rows)];
}

function denialsText(denials: Told<GateStatus>['denials']): string[] {
  if (denials.length === 0) return [];
  const rows = denials
    .slice(0, shownDenials)
    .map(({ address, connections }) => [address, String(connections)]);
  return [tableText(['TURNED AWAY', 'CONNECTIONS'], rows)];
}

/** Why there is no newer one, and that it ends soon: with less than a fifth of its life left. */
function troubleText(certificate: Told<GateStatus>['certificates'][number]): string {
  const { notBefore, notAfter, lastError } = certificate;
  const end = Date.parse(notAfter ?? '');
  const left = (end - Date.now()) / (end - Date.parse(notBefore ?? ''));
  const warning = left < 1 / 5 ? 'WARNING: less than a fifth of its life is left' : undefined;
  const trouble = [warning, lastError].filter((text) => text !== undefined).join('; ');
  return trouble === '' ? '' : toned('bad', trouble);
}

function upstreamText(state: Told<GateStatus>['mirrors'][number]['upstreams'][number]): string {
  const { host, account, breaker, rateLimit } = state;
  const parts = [account === undefined ? host : `${account}@${host}`];
  if (breaker !== 'closed') parts.push(toned('bad', 'out'));
  if (rateLimit?.remaining !== undefined) {
    const { remaining, limit, windowSeconds, source } = rateLimit;
    const window = windowSeconds === undefined ? '' : ` in ${windowSeconds / 3600} h`;
    parts.push(`${remaining}${limit === undefined ? '' : ` of ${limit}`} pulls left${window}`);
    if (source !== undefined) parts.push(`counted for ${source}`);
  }
  return parts.join(' ');
}
