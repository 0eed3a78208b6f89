/**
 * What was made of texts that clients send over and over: hosts, paths. Bounded, since they choose
 * them: a crowd of other texts costs what it cost to read each, and no more.
 */

const maxTexts = 1_000;

/** A longer one is read each time it comes. */
const maxTextLength = 512;

export class RecentTexts<Meaning extends string | object> {
  readonly #meanings = new Map<string, Meaning>();

  get(text: string): Meaning | undefined {
    return this.#meanings.get(text);
  }

  /** @returns `meaning` */
  set(text: string, meaning: Meaning): Meaning {
    if (text.length > maxTextLength) return meaning;
    if (this.#meanings.size >= maxTexts) this.#meanings.clear();
    this.#meanings.set(text, meaning);
    return meaning;
  }
}
