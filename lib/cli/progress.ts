/** How far long work is: one line that is written over on a terminal, nothing elsewhere. */
import type { WriteStream } from 'node:tty';

const intervalMs = 100;

export class Progress {
  readonly #terminal: WriteStream | undefined;
  #shownAt = -Infinity;

  /** On standard error, so that results can be piped on. */
  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#terminal = stream.isTTY ? stream : undefined;
  }

  /** `text` is made only when it is shown, ten times a second at most. */
  show(text: () => string): void {
    if (this.#terminal === undefined || performance.now() - this.#shownAt < intervalMs) return;
    this.#shownAt = performance.now();
    this.#write(text());
  }

  /** Clears the line for what comes after it. */
  clear(): void {
    this.#write('');
  }

  #write(text: string): void {
    const terminal = this.#terminal;
    terminal?.write(`\r\u001b[K${text.slice(0, Math.max(20, terminal.columns - 1))}`);
  }
}
