/** A fresh directory that holds all state of one part of the lab, and goes with it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class TemporaryDirectory {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** `label` shows in the name, so that what a crash left behind can be told apart. */
  static async create(label: string): Promise<TemporaryDirectory> {
    return new TemporaryDirectory(await mkdtemp(join(tmpdir(), `mirrorgate-${label}-`)));
  }

  join(...segments: string[]): string {
    return join(this.path, ...segments);
  }

  /** Removes it with everything in it. Idempotent. */
  async close(): Promise<void> {
    await rm(this.path, { recursive: true, force: true, maxRetries: 3, retryDelay: 20 });
  }
}
