/** `mirrorgate doctor`: looks for what would fail, before a client finds it. */
import type { Command } from 'commander';
import { askGate } from '../app/control-client.ts';
import { examine } from '../app/doctor/examine.ts';
import type { DoctorFinding, FindingState } from '../app/doctor/finding.ts';
import type { GateStatus } from '../app/gate-status.ts';
import { systemClock } from '../time/clock.ts';
import { toned, type Tone } from './colour.ts';
import { loadForCommand, wantsJson } from './context.ts';
import { exitCodes, print, printJson } from './output.ts';

export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('look for what would fail: ports, DNS, clock, certificates, disk, upstreams')
    .action(async (_options: unknown, command: Command) => {
      const configuration = await loadForCommand(command);
      const status = await askGate(configuration, 'status');
      const isRunning = status !== undefined;
      const findings = [
        ...(await examine({ configuration, isRunning, now: systemClock.now() })),
        ...(isRunning ? servedCertificates(status.value as GateStatus) : []),
      ];
      if (wantsJson(command)) printJson({ isRunning, findings });
      else for (const line of findings.map(findingLine)) print(line);
      if (findings.some(({ state }) => state === 'failed')) process.exitCode = exitCodes.failed;
    });
}

/** What the running gate says of the certificates that it makes itself. */
function servedCertificates({ certificates }: GateStatus): DoctorFinding[] {
  return certificates.map(({ site, notAfter, lastError }) => ({
    check: 'certificate',
    subject: site,
    state: lastError === undefined ? 'ok' : notAfter === undefined ? 'failed' : 'warning',
    message: lastError ?? `is served until ${String(notAfter)}`,
    hint: lastError === undefined ? undefined : 'see mirrorgate cert list',
  }));
}

const marks: Readonly<Record<FindingState, readonly [Tone, string]>> = {
  ok: ['good', '✓'],
  warning: ['warning', '!'],
  failed: ['bad', '✗'],
};

function findingLine({ check, subject, state, message, hint }: DoctorFinding): string {
  const [tone, mark] = marks[state];
  const advice = hint === undefined ? '' : `; ${hint}`;
  return `${toned(tone, mark)} ${toned('quiet', check.padEnd(11))} ${subject}: ${message}${advice}`;
}
