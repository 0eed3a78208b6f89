/** `mirrorgate explain IMAGE`: what becomes of a pull, asked of the running gate. */
import { Option, type Command } from 'commander';
import { askGate } from '../app/control-client.ts';
import type { Explanation } from '../app/explanation.ts';
import { clientTools } from '../clients/tools.ts';
import { sizeText } from '../config/quantities.ts';
import { toned } from './colour.ts';
import { loadForCommand, wantsJson } from './context.ts';
import { notRunning } from './not-running.ts';
import { exitCodes, print, printJson } from './output.ts';

export function registerExplain(program: Command): void {
  program
    .command('explain')
    .description('show which way an image takes, what is cached, what a pull costs')
    .argument('<image>', 'as it is pulled: ghcr.io/acme/app:1.2')
    .addOption(
      new Option('--client <tool>', 'and why this tool would go past the mirror').choices(
        clientTools,
      ),
    )
    .action(async (image: string, options: { client?: string }, command: Command) => {
      const { stateDirectory } = await loadForCommand(command);
      const told = await askGate({ stateDirectory }, 'explain', { image, client: options.client });
      if (told === undefined) throw notRunning(stateDirectory);
      const explanation = told.value as Explanation;
      if (wantsJson(command)) printJson(explanation);
      else for (const line of explanationLines(explanation)) print(line);
      if (!explanation.works) process.exitCode = exitCodes.failed;
    });
}

const marks = {
  ok: () => toned('good', '✓'),
  failed: () => toned('bad', '✗'),
  none: () => toned('quiet', '·'),
} as const;

function explanationLines(explanation: Explanation): string[] {
  const { image, mirror, routes, steps, verdict, held, quotaCost, bypasses, client } = explanation;
  const tone = explanation.works ? 'good' : 'bad';
  const lines = [toned('strong', image)];
  if (mirror !== undefined) lines.push(`  mirror  ${mirror}`);
  for (const route of routes) lines.push(`  route   ${route}`);
  for (const { step, outcome, durationMs, result } of steps) {
    lines.push(
      `  ${marks[result]()} ${step}: ${outcome} ${toned('quiet', `${durationMs.toFixed(1)} ms`)}`,
    );
  }
  if (held.known > 0) {
    lines.push(`  cached  ${held.parts} of ${held.known} known parts, ${sizeText(held.bytes)}`);
  }
  for (const sentence of verdict) lines.push(`  ${toned(tone, '→')} ${sentence}`);
  if (quotaCost !== undefined) lines.push(`  quota   costs ${quotaCost} of the upstream's pulls`);
  if (bypasses.length > 0) {
    lines.push('', `${client ?? 'A client'} goes past the mirror where`);
    for (const reason of bypasses) lines.push(`  - ${reason}`);
  }
  return lines;
}
