/** The work that every server is given in turn. */
import { requests, download, load } from './clients.ts';
import { blobPath, manifestPath, type Content } from './content.ts';
import type { Peers, Setup } from './peers.ts';
import type { Scenario } from './trials.ts';

export interface ScenarioOptions {
  readonly ours: Setup;
  readonly peers: Peers;
  readonly content: Content;
  /** PEM of the root that clients trust. */
  readonly root: string;
  /** How long wrk runs. */
  readonly loadSeconds: number;
  /** How many requests ab sends. */
  readonly requests: number;
}

const gibibyte = 1024 ** 3;

export const titles = {
  blob: 'Warm blob, one client',
  tiny: 'Warm blob of 8 KiB, 32 connections kept alive',
  manifest: 'Warm manifest by tag, 32 connections kept alive',
  head: 'HEAD of a warm manifest, 16 connections kept alive',
  handshake: 'Full TLS 1.3 handshake and one request',
} as const;

export function scenarios(options: ScenarioOptions): Scenario[] {
  const { ours, peers, content, root, loadSeconds } = options;
  const { nginx, caddy, distribution, nginxBefore, caddyBefore, bareNode } = peers;
  const url = ({ port }: Setup, path: string): string => `https://localhost:${port}${path}`;
  return [
    {
      title: titles.blob,
      unit: 'GiB',
      setups: [nginx, ours, bareNode, caddy, distribution, nginxBefore, caddyBefore],
      run: async (setup) => {
        const { bytes, seconds } = await download(url(setup, blobPath(content.big)), root);
        return { work: bytes / gibibyte, seconds };
      },
    },
    {
      title: titles.tiny,
      unit: 'request',
      setups: [nginx, ours, bareNode, caddyBefore],
      run: async (setup) => {
        const done = await load(url(setup, blobPath(content.tiny)), loadSeconds);
        return { work: done.requests, seconds: done.seconds };
      },
    },
    {
      title: titles.manifest,
      unit: 'request',
      setups: [nginx, ours, bareNode, caddy, caddyBefore],
      run: async (setup) => {
        const done = await load(url(setup, manifestPath), loadSeconds);
        return { work: done.requests, seconds: done.seconds };
      },
    },
    {
      title: titles.head,
      unit: 'request',
      setups: [nginx, ours, bareNode, caddy, caddyBefore],
      run: async (setup) => {
        const heads = { count: 5 * options.requests, isHead: true, keepsAlive: true };
        const done = await requests(url(setup, manifestPath), heads);
        return { work: done.requests, seconds: done.seconds };
      },
    },
    {
      title: titles.handshake,
      unit: 'connection',
      setups: [nginx, ours, bareNode, caddy],
      run: async (setup) => {
        const each = { count: options.requests, isHead: false, keepsAlive: false };
        const done = await requests(url(setup, manifestPath), each);
        return { work: done.requests, seconds: done.seconds };
      },
    },
  ];
}
