/** Asks several processes at once; one that is away takes nothing from what the others say. */

/** The answer of each by its name; undefined where it gave none. */
export async function survey<Kind extends { readonly name: string }, Value>(
  processes: readonly Kind[],
  ask: (process: Kind) => Promise<Value>,
): Promise<Map<string, Value | undefined>> {
  const answers = processes.map(async (process) => {
    return [process.name, await ask(process).catch(() => undefined)] as const;
  });
  return new Map(await Promise.all(answers));
}
