/** The ledger on disk: one file, replaced whole. A damaged one is set aside, never guessed at. */
import { rename } from 'node:fs/promises';
import { z } from 'zod';
import { readFileIfPresent, writeFileAtomically } from '../files/atomic-file.ts';
import type { InterfaceReading } from './interface-counter.ts';
import type { LedgerRecord } from './ledger.ts';

/** All that must outlive the process. */
export interface KeptBudget {
  readonly ledger: LedgerRecord;
  /** What was counted of the interface up to then. */
  readonly reading: InterfaceReading | undefined;
}

export type FoundBudget =
  | { readonly kind: 'kept'; readonly budget: KeptBudget }
  | { readonly kind: 'absent' }
  /** Where it lies now. */
  | { readonly kind: 'damaged'; readonly asidePath: string };

const amount = z.number().nonnegative();
const tally = z.object({ sums: z.record(z.string(), amount), rest: amount });

const keptSchema = z.object({
  version: z.literal(1),
  ledger: z.object({
    startMs: z.number(),
    sentBytes: amount,
    interfaceBytes: amount,
    clients: tally,
    mirrors: tally,
    images: tally,
  }),
  reading: z.object({ bootId: z.string(), sentBytes: amount }).optional(),
});

/** Throws the file system's own error where the file cannot be read. */
export async function readBudgetFile(path: string): Promise<FoundBudget> {
  const text = await readFileIfPresent(path);
  if (text === undefined) return { kind: 'absent' };
  const parsed = keptSchema.safeParse(tryJson(text.toString()));
  if (parsed.success) {
    const { ledger, reading } = parsed.data;
    return { kind: 'kept', budget: { ledger, reading } };
  }
  const asidePath = `${path}.damaged`;
  await rename(path, asidePath);
  return { kind: 'damaged', asidePath };
}

export async function writeBudgetFile(path: string, budget: KeptBudget): Promise<void> {
  await writeFileAtomically(path, JSON.stringify({ version: 1, ...budget }));
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
