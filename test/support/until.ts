/** Waits for a condition of the system under test, in short bounded steps. */
import { poll } from './lab/polling.ts';

const deadlineMs = 10_000;

/** Resolves when `condition` holds; rejects after 10 s, naming `what`. */
export async function until(
  what: string,
  condition: () => Promise<boolean> | boolean,
): Promise<void> {
  await poll(async () => ((await condition()) ? true : undefined), { deadlineMs, what });
}
