/** `mirrorgate allow …`: reads and edits the allow-list file; a running gate follows within a second. */
import { basename } from 'node:path';
import type { Command } from 'commander';
import { addEntry, removeEntry } from '../access/allow-list-edit.ts';
import { readAllowList } from '../access/allow-list-file.ts';
import {
  buildAllowList,
  isExpired,
  type AllowEntry,
  type AllowList,
  type EntryTerms,
} from '../access/allow-list.ts';
import { sumByEntry } from '../access/sums.ts';
import { explainDecision, type Decision } from '../access/decision.ts';
import { askGate } from '../app/control-client.ts';
import { knownNames } from '../app/reload.ts';
import { sizeText } from '../config/quantities.ts';
import { loadForCommand, wantsJson } from './context.ts';
import { exitCodes, print, printJson } from './output.ts';
import { tableText } from './table.ts';

export function registerAllow(program: Command): void {
  const allow = program.command('allow').description('who may use the gate');
  registerList(allow);
  registerAdd(allow);
  registerRemove(allow);
  registerTest(allow);
}

function registerList(allow: Command): void {
  allow
    .command('list')
    .description('show the entries')
    .action(async (_options: unknown, command: Command) => {
      const { path, knownNames: names } = await allowListPlace(command);
      const list = buildAllowList(await readAllowList(path, { knownNames: names }));
      const { deny, entries, certificates } = list;
      const sent = await sentByEntry(command, list);
      const withSum = <Entry extends EntryTerms>(entry: Entry) => ({
        ...entry,
        sentBytes: sent && (sent.get(entry) ?? 0),
      });
      if (wantsJson(command)) {
        const told = { entries: entries.map(withSum), certificates: certificates.map(withSum) };
        printJson({ file: path, deny, ...told });
        return;
      }
      const now = new Date();
      const rowOf = (subject: string, line: string, entry: EntryTerms): string[] => [
        line,
        subject,
        entry.label ?? '',
        entry.mirrors?.join(', ') ?? 'all',
        expiryText(entry, now),
        ...(sent === undefined ? [] : [sizeText(sent.get(entry) ?? 0)]),
      ];
      const rows = [
        ...entries.map((entry) => rowOf(entry.cidr, lineText(entry), entry)),
        ...certificates.map((entry) =>
          rowOf(`certificate ${entry.name}`, String(entry.line), entry),
        ),
      ];
      const head = ['LINE', 'CIDR', 'LABEL', 'MIRRORS', 'EXPIRES'];
      if (rows.length === 0) print(`${path} lets nobody in`);
      else print(tableText(sent === undefined ? head : [...head, 'SENT THIS MONTH'], rows));
    });
}

interface AddOptions {
  readonly label?: string;
  readonly mirror?: readonly string[];
  readonly expires?: string;
}

function registerAdd(allow: Command): void {
  allow
    .command('add <cidr>')
    .description('let an address or block in')
    .option('--label <label>', 'what it is')
    .option('--mirror <name...>', 'only for this mirror or service; may be given several times')
    .option('--expires <when>', 'an instant, a date, or a duration from now: 12h, 7d')
    .action(async (cidr: string, options: AddOptions, command: Command) => {
      const { label, mirror: mirrors, expires } = options;
      const place = { ...(await allowListPlace(command)), now: new Date() };
      const outcome = await addEntry(place, { cidr, label, mirrors, expires });
      if (wantsJson(command)) printJson(outcome);
      else
        print(`${outcome.kind}: ${entryText(outcome.entry)} (${place.path}:${outcome.entry.line})`);
    });
}

function registerRemove(allow: Command): void {
  allow
    .command('remove <cidr>')
    .description('let an address or block in no longer; its connections are cut')
    .action(async (cidr: string, _options: unknown, command: Command) => {
      const place = await allowListPlace(command);
      const removed = await removeEntry(place, cidr);
      if (wantsJson(command)) printJson({ removed });
      else
        for (const entry of removed) print(`removed: ${entryText(entry)} (was line ${entry.line})`);
    });
}

function registerTest(allow: Command): void {
  allow
    .command('test <address>')
    .description('say whether an address is allowed, and by which line; exit code 0 or 1')
    .option('--mirror <name>', 'for this mirror or service')
    .action(async (address: string, options: { mirror?: string }, command: Command) => {
      const { path, knownNames: names } = await allowListPlace(command);
      const list = buildAllowList(await readAllowList(path, { knownNames: names }));
      const { mirror } = options;
      const decision = explainDecision(list, {
        address,
        mirror,
        knownNames: names,
        now: new Date(),
      });
      if (wantsJson(command)) printJson(decision);
      else print(decisionText(decision, path));
      if (decision.kind === 'denied') process.exitCode = exitCodes.failed;
    });
}

/** Of a running gate: what each entry's clients were sent; undefined while none runs. */
async function sentByEntry(
  command: Command,
  list: AllowList,
): Promise<ReadonlyMap<EntryTerms, number> | undefined> {
  const told = await askGate(await loadForCommand(command), 'clients');
  return told === undefined ? undefined : sumByEntry(list, told.value as Record<string, number>);
}

async function allowListPlace(command: Command) {
  const configuration = await loadForCommand(command);
  return { path: configuration.allowListFile, knownNames: knownNames(configuration) };
}

function decisionText({ kind, address, entry, ...rest }: Decision, path: string): string {
  const place =
    entry === undefined ? '' : ` by ${entry.file ?? path}:${entry.line} (${entryText(entry)})`;
  if (kind === 'allowed') return `${address} is allowed${place}`;
  const reasons = {
    'not-listed': 'no entry names it',
    expired: 'its entry has expired',
    'out-of-scope': 'its entry is for other mirrors',
  };
  const reason = 'reason' in rest ? reasons[rest.reason] : '';
  return `${address} is denied: ${reason}${place.replace(' by ', ': ')}`;
}

function entryText({ cidr, label, mirrors, expires }: AllowEntry): string {
  return [
    cidr,
    ...(label === undefined ? [] : [label]),
    ...(mirrors === undefined ? [] : [`for ${mirrors.join(', ')}`]),
    ...(expires === undefined ? [] : [`until ${expires.toISOString()}`]),
  ].join(', ');
}

function lineText({ file, line }: AllowEntry): string {
  return file === undefined ? String(line) : `${basename(file)}:${line}`;
}

function expiryText(entry: EntryTerms, now: Date): string {
  if (entry.expires === undefined) return 'never';
  return isExpired(entry, now) ? 'expired' : entry.expires.toISOString();
}
