/** Makes one operation of every open file fail, as a disk would. */
import { open } from 'node:fs/promises';

type Operation = 'sync' | 'writeFile' | 'writev' | 'chmod' | 'stat';

/** Until the returned function is called; `work` does what is left of the operation, or throws. */
export async function injectFault(
  operation: Operation,
  work: (...parameters: never[]) => Promise<unknown>,
): Promise<() => void> {
  const handle = await open('/dev/null', 'r');
  const prototype = Object.getPrototypeOf(handle) as object;
  await handle.close();
  const before = Object.getOwnPropertyDescriptor(prototype, operation);
  if (before === undefined) throw new TypeError(`file handles have no ${operation}`);
  Object.defineProperty(prototype, operation, { ...before, value: work });
  return () => void Object.defineProperty(prototype, operation, before);
}

/** An error as the system raises it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}
