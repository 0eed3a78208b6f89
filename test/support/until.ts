/** Waits for a condition of the system under test, in short bounded steps. */
import { poll } from './lab/polling.ts';

/** Resolves when `condition` holds; rejects after 10 s unless told, naming `what`. */
export async function until(
  what: string,
  condition: () => Promise<boolean> | boolean,
  deadlineMs = 10_000,
): Promise<void> {
  await poll(async () => ((await condition()) ? true : undefined), { deadlineMs, what });
}
