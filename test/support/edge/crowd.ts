/** Many clients at once, from several addresses of 127.0.0.0/8. */

/** Calls `act` for 0 to `count - 1`, at most `atOnce` of them at a time; ends at the first error. */
export async function crowd(
  count: number,
  atOnce: number,
  act: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const errors: unknown[] = [];
  const worker = async (): Promise<void> => {
    while (next < count && errors.length === 0) {
      next += 1;
      await act(next - 1).catch((error: unknown) => errors.push(error));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (errors.length > 0) throw errors[0];
}

/** One of 200 client addresses; none is 127.0.0.1, which good clients have. */
export function clientAddress(index: number): string {
  return `127.0.2.${(index % 200) + 1}`;
}
