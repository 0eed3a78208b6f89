/** install.sh in a root file system made for it, by one shell or another. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bundle } from '../../../lib/ca/bundle.ts';
import { bundleJson } from '../../../lib/ca/bundle.ts';
import { installScript } from '../../../lib/clients/install-script.ts';
import { TemporaryDirectory } from '../lab/temporary-directory.ts';
import { testAccess } from './test-access.ts';

/** `bare` is busybox with no openssl. */
export type Tools = 'dash' | 'busybox' | 'bare';

export interface Run {
  readonly status: number | null;
  readonly output: string;
}

export class Installer {
  readonly #directory: TemporaryDirectory;
  readonly #path: string;
  readonly #shell: readonly string[];

  private constructor(directory: TemporaryDirectory, tools: Tools) {
    this.#directory = directory;
    this.#path = tools === 'dash' ? '/usr/bin:/bin:/usr/sbin:/sbin' : directory.join('bin');
    this.#shell = tools === 'dash' ? ['/bin/dash'] : [directory.join('bin/busybox'), 'sh'];
  }

  /** `folders` is what the root file system has, as it makes a distribution and its tools known. */
  static async create(tools: Tools, folders: readonly string[]): Promise<Installer> {
    const directory = await TemporaryDirectory.create('install');
    for (const folder of folders) await mkdir(directory.join('root', folder), { recursive: true });
    await mkdir(directory.join('root', 'etc'), { recursive: true });
    if (tools !== 'dash') await makeBusybox(directory.join('bin'), tools);
    await writeFile(directory.join('install.sh'), installScript(testAccess()));
    return new Installer(directory, tools);
  }

  get root(): string {
    return this.#directory.join('root');
  }

  /** With the bundle from a file, as "ca inject" does it. */
  async run(bundle: Bundle, ...options: string[]): Promise<Run> {
    return await this.runText(bundleJson(bundle), ...options);
  }

  async runText(json: string, ...options: string[]): Promise<Run> {
    await writeFile(this.#directory.join('bundle.json'), json);
    return await this.fetching('--bundle', this.#directory.join('bundle.json'), ...options);
  }

  /** With the bundle from where the options say. */
  async fetching(...options: string[]): Promise<Run> {
    const child = this.#spawn(options);
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ]);
    return { status, output: `${stdout}${stderr}` };
  }

  /** Killed with all that it started, `afterMs` after it began. */
  async killed(bundle: Bundle, afterMs: number, ...options: string[]): Promise<void> {
    const file = this.#directory.join('bundle.json');
    await writeFile(file, bundleJson(bundle));
    const child = this.#spawn(['--bundle', file, ...options]);
    const ended = once(child, 'close');
    child.stdout.resume();
    child.stderr.resume();
    await delay(afterMs);
    const { pid } = child;
    if (pid !== undefined && child.exitCode === null) process.kill(-pid, 'SIGKILL');
    await ended;
  }

  /** In a process group of its own. */
  #spawn(options: readonly string[]) {
    const [file = '', ...shell] = this.#shell;
    return spawn(file, [...shell, this.#directory.join('install.sh'), ...options], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: this.#path, ROOT: this.root, TMPDIR: this.#directory.path },
      timeout: 30_000,
      detached: true,
    });
  }

  async read(path: string): Promise<string> {
    return await readFile(join(this.root, path), 'utf8');
  }

  async write(path: string, content: string): Promise<void> {
    await mkdir(dirname(join(this.root, path)), { recursive: true });
    await writeFile(join(this.root, path), content);
  }

  /** Every file there is, in order. */
  async files(): Promise<string[]> {
    const entries = await readdir(this.root, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.root.length))
      .sort();
  }

  async close(): Promise<void> {
    await this.#directory.close();
  }
}

async function makeBusybox(bin: string, tools: Tools): Promise<void> {
  await mkdir(bin);
  await symlink('/bin/busybox', join(bin, 'busybox'));
  const { stdout } = spawnSync('/bin/busybox', ['--list'], { encoding: 'utf8' });
  for (const applet of stdout.split('\n')) {
    if (applet !== '' && applet !== 'busybox' && applet !== 'openssl')
      await symlink('busybox', join(bin, applet));
  }
  if (tools === 'busybox') {
    // Debian's busybox is linked statically, and its wget ends at the first name it looks up.
    await rm(join(bin, 'wget'));
    for (const program of ['openssl', 'wget']) {
      await symlink(`/usr/bin/${program}`, join(bin, program));
    }
  }
}
