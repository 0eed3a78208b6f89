/** A machine that runs, reached by ssh(1): install.sh is run there on a bundle that goes with it. */
import { fingerprint } from '../certificates/certificate-facts.ts';
import { bundleJson } from '../ca/bundle.ts';
import { installScript } from '../clients/install-script.ts';
import { runCommand } from './command.ts';
import { injectError } from './inject-error.ts';
import type { Injection } from './root-injection.ts';
import type { Change } from './target.ts';

const deadlineMs = 120_000;
const connectTimeoutSeconds = 10;
/** Ends the files in the script; no line of theirs. */
const end = 'MIRRORGATE_END_OF_FILE';

export interface SshHost {
  readonly host: string;
  readonly port: number | undefined;
}

/** @throws MirrorgateError `MIRRORGATE_INJECT_FAILED`, with what the other side said last */
export async function injectOverSsh(
  { host, port }: SshHost,
  injection: Injection,
): Promise<Change[]> {
  const options = ['-o', 'BatchMode=yes', '-o', `ConnectTimeout=${connectTimeoutSeconds}`];
  const places = port === undefined ? [] : ['-p', String(port)];
  const { status, stdout, stderr } = await runCommand(
    ['ssh', ...options, ...places, '--', host, 'sh -s'],
    { input: remoteScript(injection), deadlineMs, package: 'openssh-client' },
  );
  if (status !== 0) {
    const said = stderr.trim().split('\n').at(-1) ?? '';
    throw injectError('FAILED', `ssh:${host} refused: ${said}`, {
      hint:
        status === 255
          ? `try: ssh ${host} true`
          : 'it needs root there, and curl or openssl as install.sh says',
    });
  }
  return stdout.split('\n').flatMap(changeOf);
}

/** What is sent: the script and the bundle, and their use. */
export function remoteScript({ bundle, access }: Injection): string {
  const pins = bundle.roots.map(({ certificate }) => fingerprint(certificate));
  return [
    'set -eu',
    'umask 077',
    'dir=$(mktemp -d)',
    `trap 'rm -rf "$dir"' EXIT`,
    `cat > "$dir/bundle.json" <<'${end}'`,
    `${bundleJson(bundle)}${end}`,
    `cat > "$dir/install.sh" <<'${end}'`,
    `${installScript(access)}${end}`,
    `sh "$dir/install.sh" --bundle "$dir/bundle.json" --url '${access.caOrigin}' ${pins.join(' ')}`,
    '',
  ].join('\n');
}

function changeOf(line: string): Change[] {
  const [, verb = '', what = ''] = /^mirrorgate: (wrote|removed|ran) (.+)$/.exec(line) ?? [];
  if (verb === '') return [];
  const action = verb === 'wrote' ? 'write' : verb === 'removed' ? 'remove' : 'run';
  return [{ action, what }];
}
