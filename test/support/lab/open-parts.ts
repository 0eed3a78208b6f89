/** What was started and must be closed again, whatever happens in between. */

interface Part {
  close(): Promise<void>;
}

export class OpenParts {
  readonly #parts: Part[] = [];

  /** Remembers the part once it has started. */
  async add<T extends Part>(starting: Promise<T>): Promise<T> {
    const part = await starting;
    this.#parts.push(part);
    return part;
  }

  /** Closes all parts, the latest first, even where one of them fails. Idempotent. */
  async close(): Promise<void> {
    const errors: unknown[] = [];
    for (const part of this.#parts.splice(0).reverse()) {
      await part.close().catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0) throw new AggregateError(errors, 'parts of the lab did not close');
  }
}
