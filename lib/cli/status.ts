/** `mirrorgate status`: what the running gate says of itself. */
import type { Command } from 'commander';
import { askGate } from '../app/control-client.ts';
import type { GateStatus } from '../app/gate-status.ts';
import { sizeText } from '../config/quantities.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { loadForCommand, wantsJson } from './context.ts';
import { bandwidthText } from './bandwidth-text.ts';
import { print, printJson } from './output.ts';
import { tableText } from './table.ts';
import type { Told } from './told.ts';

export function registerStatus(program: Command): void {
  program
    .command('status')
    .description('show mirrors, certificates, cache and upstream quota of the running gate')
    .action(async (_options: unknown, command: Command) => {
      const configuration = await loadForCommand(command);
      const told = await askGate(configuration, 'status');
      if (told === undefined) throw notRunning(configuration.stateDirectory);
      if (wantsJson(command)) printJson(told.value);
      else for (const part of statusText(told.value as Told<GateStatus>)) print(part);
    });
}

function statusText(status: Told<GateStatus>): string[] {
  const { mirrors, certificates, cache, bandwidth, connections } = status;
  const mirrorRows = mirrors.map(({ name, registry, hosts, ports, upstreams }) => [
    name,
    registry,
    [...hosts, ...ports.map((port) => `:${port}`)].join(', '),
    upstreams.map(upstreamText).join('; '),
  ]);
  const certificateRows = certificates.map(({ site, issuer, notAfter, lastError }) => [
    site,
    issuer,
    notAfter ?? 'none yet',
    lastError ?? '',
  ]);
  const limit = cache.maxSizeBytes === undefined ? '' : ` of ${sizeText(cache.maxSizeBytes)}`;
  return [
    tableText(['MIRROR', 'REGISTRY', 'HOSTS', 'UPSTREAMS'], mirrorRows),
    tableText(['CERTIFICATE', 'ISSUER', 'EXPIRES', 'TROUBLE'], certificateRows),
    `cache ${sizeText(cache.usedBytes)}${limit}, ${connections} connections`,
    ...bandwidthText(bandwidth),
  ];
}

function upstreamText(state: Told<GateStatus>['mirrors'][number]['upstreams'][number]): string {
  const { host, account, breaker, rateLimit } = state;
  const parts = [account === undefined ? host : `${account}@${host}`];
  if (breaker !== 'closed') parts.push('out');
  if (rateLimit?.remaining !== undefined) {
    const { remaining, limit, windowSeconds, source } = rateLimit;
    const window = windowSeconds === undefined ? '' : ` in ${windowSeconds / 3600} h`;
    parts.push(`${remaining}${limit === undefined ? '' : ` of ${limit}`} pulls left${window}`);
    if (source !== undefined) parts.push(`counted for ${source}`);
  }
  return parts.join(' ');
}

function notRunning(stateDirectory: string): MirrorgateError {
  return new MirrorgateError(
    'MIRRORGATE_CONTROL_NOT_RUNNING',
    `no gate runs on the state directory ${stateDirectory}`,
    { hint: 'start it: mirrorgate serve' },
  );
}
