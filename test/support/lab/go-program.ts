/**
 * A program that Debian has not, or only older: built once by the Go toolchain, where there is one,
 * into a cache of its own.
 */
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './command.ts';
import { bareEnvironment, machine } from './place.ts';

export interface GoProgramOptions {
  readonly name: string;
  /** Programs of one project share a cache; the name unless told. */
  readonly project?: string;
  /** `github.com/letsencrypt/pebble/v2/cmd/pebble` */
  readonly package: string;
  readonly version: string;
  /** What builds it: `npm run soak:acme`. */
  readonly builtBy: string;
}

/** The program, or why there is none. */
export type GoProgram =
  { readonly program: string } | { readonly program: undefined; readonly reason: string };

const buildDeadlineMs = 900_000;

export async function goProgram(options: GoProgramOptions): Promise<GoProgram> {
  const { name, project = name, version, builtBy } = options;
  const folder = join(homedir(), '.cache', 'mirrorgate-lab', `${project}-${version}`);
  const program = join(folder, 'bin', name);
  if (await exists(program)) return { program };
  if (process.env['MIRRORGATE_LAB_BUILDS'] !== '1') {
    return { program: undefined, reason: `${name} ${version} was not built (${builtBy} does)` };
  }
  const go = await firstOf('/usr/local/go/bin/go', '/usr/bin/go');
  if (go === undefined) return { program: undefined, reason: 'no Go toolchain' };
  try {
    await runCommand(machine, [go, 'install', `${options.package}@${version}`], {
      deadlineMs: buildDeadlineMs,
      environment: {
        ...bareEnvironment,
        ...{ GOPATH: folder, GOCACHE: join(folder, 'cache'), HOME: homedir() },
        ...goSettings(),
      },
    });
    return { program };
  } catch (error) {
    const reason = `${name} cannot be built: ${String(error)}`.slice(0, 300);
    return { program: undefined, reason };
  }
}

/** Skips the suite or test of `context` where it is not there; prints why. */
export async function requireGoProgram(
  context: Mocha.Context,
  options: GoProgramOptions,
): Promise<string> {
  const built = await goProgram(options);
  if (built.program !== undefined) return built.program;
  console.warn(`    skipped, ${built.reason}`);
  return context.skip();
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
