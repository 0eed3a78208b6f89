/** The clients of the benchmark, on their own core: what each measured of one run. */
import { runCommand } from '../../test/support/lab/command.ts';
import { machine } from '../../test/support/lab/place.ts';
import { clientCore, onCore } from './peers.ts';

const deadlineMs = 180_000;

async function client(...command: readonly string[]): Promise<string> {
  return (await runCommand(machine, onCore(clientCore, command), { deadlineMs })).stdout;
}

export interface Download {
  readonly seconds: number;
  readonly firstByteSeconds: number;
  readonly bytes: number;
}

/** `curl --http1.1`, one connection, the body thrown away. */
export async function download(url: string, root: string): Promise<Download> {
  const shown = '%{http_code} %{time_total} %{time_starttransfer} %{size_download}';
  const text = await client(
    'curl',
    '-sS',
    '--http1.1',
    '--cacert',
    root,
    '-o',
    '/dev/null',
    '-w',
    shown,
    url,
  );
  const [status, seconds = 0, firstByteSeconds = 0, bytes = 0] = text.split(' ').map(Number);
  if (status !== 200) throw new TypeError(`${url} answered ${status}`);
  return { seconds, firstByteSeconds, bytes };
}

export interface Load {
  readonly requests: number;
  readonly seconds: number;
}

/** Without it distribution denies that it has an OCI manifest. */
const accept = 'Accept: application/vnd.oci.image.manifest.v1+json';

const wrkFlags = ['-t1', '-c32', '--timeout', '20s'];

/** `wrk`, 32 connections kept alive; a slow peer may let one of them wait for seconds. */
export async function load(url: string, seconds: number): Promise<Load> {
  const text = await client('wrk', ...wrkFlags, `-d${seconds}s`, '-H', accept, url);
  const [, requests, spent] = /([0-9]+) requests in ([0-9.]+)s/.exec(text) ?? [];
  if (/Non-2xx|Socket errors: (?!connect 0, read 0, write 0, timeout 0)/.test(text)) {
    throw new TypeError(`${url}: ${text}`);
  }
  return { requests: Number(requests), seconds: Number(spent) };
}

export interface Series {
  readonly count: number;
  readonly isHead: boolean;
  /** Else each request has a connection and a full TLS 1.3 handshake of its own. */
  readonly keepsAlive: boolean;
}

/** `ab`, 16 at a time. */
export async function requests(url: string, series: Series): Promise<Load> {
  const { count, isHead, keepsAlive } = series;
  const flags = [...(isHead ? ['-i'] : []), ...(keepsAlive ? ['-k'] : [])];
  const bounds = ['-n', String(count), '-c', '16'];
  const text = await client('ab', '-q', ...bounds, ...flags, '-H', accept, '-f', 'TLS1.3', url);
  const [, complete] = /Complete requests:\s+([0-9]+)/.exec(text) ?? [];
  const [, seconds] = /Time taken for tests:\s+([0-9.]+)/.exec(text) ?? [];
  if (/Non-2xx responses|Failed requests:\s+[1-9]/.test(text)) throw new TypeError(text);
  return { requests: Number(complete), seconds: Number(seconds) };
}
