/** mirrorgate as its users run it, from `dist/`: one edge and one worker unless told. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { poll } from '../../test/support/lab/polling.ts';
import { boundToParent, machine } from '../../test/support/lab/place.ts';
import { freePorts, onCore, serverCore, type Bench, type Setup } from './peers.ts';

const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface OursOptions {
  readonly bench: Bench;
  readonly upstream: string;
  readonly name?: string;
  readonly edges?: number;
  /** All cores where false. */
  readonly pinned?: boolean;
  /** For the Node of the supervisor, which its children inherit. */
  readonly nodeOptions?: string;
}

export class Ours {
  readonly setup: Setup;
  readonly cacheDirectory: string;
  /** From the start of the program to its line `mirrorgate ready`. */
  readonly startSeconds: number;
  readonly #child: ChildProcess;

  private constructor(
    child: ChildProcess,
    facts: { readonly setup: Setup; readonly folder: string; readonly startSeconds: number },
  ) {
    this.#child = child;
    this.setup = facts.setup;
    this.cacheDirectory = join(facts.folder, 'cache');
    this.startSeconds = facts.startSeconds;
  }

  static async start(options: OursOptions): Promise<Ours> {
    const { bench, name = 'mirrorgate', pinned = true, nodeOptions } = options;
    const folder = join(bench.root, name);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const [port = 0] = await freePorts(1);
    await writeFile(join(folder, 'mirrorgate.yaml'), JSON.stringify(configuration(options, port)));
    const allow = { allow: [{ cidr: '127.0.0.0/8', label: 'bench' }] };
    await writeFile(join(folder, 'allow-list.yaml'), JSON.stringify(allow));
    const log = await open(join(folder, 'log'), 'a');
    const output = join(folder, 'output');
    const out = await open(output, 'w');
    const begun = performance.now();
    const serve = [process.execPath, program, 'serve', '--config', join(folder, 'mirrorgate.yaml')];
    const [file = '', ...rest] = boundToParent(pinned ? onCore(serverCore, serve) : serve);
    const child = spawn(file, rest, {
      env: {
        ...machine.environment,
        ...(nodeOptions !== undefined && { NODE_OPTIONS: nodeOptions }),
      },
      stdio: ['ignore', out.fd, log.fd],
    });
    await log.close();
    await out.close();
    await poll(
      async () => {
        if (child.exitCode !== null)
          throw new TypeError(await readFile(join(folder, 'log'), 'utf8'));
        return (await readFile(output, 'utf8')).includes('mirrorgate ready') ? true : undefined;
      },
      { deadlineMs: 30_000, what: 'mirrorgate ready' },
    );
    const startSeconds = (performance.now() - begun) / 1000;
    if (child.pid === undefined) throw new TypeError('no process');
    const setup = { name, port, pids: [child.pid] };
    return new Ours(child, { setup, folder, startSeconds });
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(late);
  }
}

function configuration({ bench, upstream, edges = 1 }: OursOptions, port: number): unknown {
  const { certificates } = bench;
  return {
    listen: { https: [`127.0.0.1:${port}`], http: [], admin: 'unix:admin.sock' },
    processes: { edges, workers: 1 },
    certificates: {
      directory: 'certs',
      issuer: 'files',
      files: [{ certificate: certificates.chain, key: certificates.key }],
    },
    state: { directory: 'state' },
    cache: { directory: 'cache', minFree: '16MB' },
    mirrors: [
      {
        name: 'hub',
        registry: 'docker.io',
        upstream,
        upstreamTrust: { file: certificates.root },
        allowPrivateUpstream: true,
        hosts: ['localhost'],
        tags: { ttl: '1h' },
      },
    ],
    log: { level: 'info', access: true, format: 'json' },
  };
}
