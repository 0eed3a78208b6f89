/**
 * A pebble with renewal information (RFC 9773) and profiles, which Debian's has not: built once by
 * the Go toolchain, where there is one, into a cache of its own.
 */
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../lab/command.ts';
import { bareEnvironment, machine } from '../lab/place.ts';

const version = 'v2.10.1';
const buildDeadlineMs = 600_000;

/** The program, or why there is none. */
export type NewerPebble =
  { readonly program: string } | { readonly program: undefined; readonly reason: string };

export async function newerPebble(): Promise<NewerPebble> {
  const folder = join(homedir(), '.cache', 'mirrorgate-lab', `pebble-${version}`);
  const program = join(folder, 'bin', 'pebble');
  if (await exists(program)) return { program };
  if (process.env['MIRRORGATE_LAB_BUILDS'] !== '1') {
    return { program: undefined, reason: 'a newer pebble was not built (npm run soak:acme does)' };
  }
  const go = await firstOf('/usr/local/go/bin/go', '/usr/bin/go');
  if (go === undefined) return { program: undefined, reason: 'no Go toolchain' };
  try {
    await runCommand(
      machine,
      [go, 'install', `github.com/letsencrypt/pebble/v2/cmd/pebble@${version}`],
      {
        deadlineMs: buildDeadlineMs,
        environment: {
          ...bareEnvironment,
          ...{ GOPATH: folder, GOCACHE: join(folder, 'cache'), HOME: homedir() },
          ...goSettings(),
        },
      },
    );
    return { program };
  } catch (error) {
    return { program: undefined, reason: `pebble cannot be built: ${String(error)}`.slice(0, 300) };
  }
}

/** How this machine reaches the Go module proxy, where it has a way of its own. */
function goSettings(): Record<string, string> {
  const names = ['GOPROXY', 'GOFLAGS', 'GONOSUMDB', 'GOSUMDB', 'HTTPS_PROXY', 'SSL_CERT_FILE'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

async function firstOf(...paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await exists(path)) return path;
  return undefined;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
