/**
 * The passphrase of the private CA: read once, when its keys are opened, and never part of the
 * configuration. It comes from a file, an environment variable, a systemd credential
 * (systemd.exec(5), LoadCredential=) or an open file descriptor; never from the command line.
 */
import { closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode, MirrorgateError } from '../errors/mirrorgate-error.ts';

export type PassphraseReference =
  | { readonly file: string }
  | { readonly env: string }
  | { readonly credential: string }
  | { readonly fd: number };

/**
 * One trailing newline is not part of it. An environment variable is gone afterwards, so that no
 * child inherits it; a file descriptor is closed.
 * @throws MirrorgateError `MIRRORGATE_CA_PASSPHRASE`
 */
export function readPassphrase(reference: PassphraseReference): Buffer {
  const { bytes, source } = read(reference);
  const lineEnd = bytes.at(-1) === 0x0a ? (bytes.at(-2) === 0x0d ? 2 : 1) : 0;
  if (bytes.length === lineEnd) throw unreadable(`${source} is empty or absent`);
  return bytes.subarray(0, bytes.length - lineEnd);
}

function read(reference: PassphraseReference): { bytes: Buffer; source: string } {
  if ('env' in reference) {
    const { env } = reference;
    const bytes = Buffer.from(process.env[env] ?? '');
    Reflect.deleteProperty(process.env, env);
    return { bytes, source: `the environment variable ${env}` };
  }
  if ('fd' in reference) {
    const source = `file descriptor ${reference.fd}`;
    const bytes = readBytes(reference.fd, source);
    closeSync(reference.fd);
    return { bytes, source };
  }
  if ('file' in reference) return { bytes: readBytes(reference.file), source: reference.file };
  const folder = process.env['CREDENTIALS_DIRECTORY'];
  if (folder === undefined) throw unreadable('there is no $CREDENTIALS_DIRECTORY of systemd');
  const path = join(folder, reference.credential);
  return { bytes: readBytes(path), source: path };
}

function readBytes(place: string | number, source = String(place)): Buffer {
  try {
    return readFileSync(place);
  } catch (cause) {
    throw unreadable(`${source} cannot be read (${errorCode(cause) ?? 'unknown'})`, cause);
  }
}

function unreadable(reason: string, cause?: unknown): MirrorgateError {
  return new MirrorgateError(
    'MIRRORGATE_CA_PASSPHRASE',
    `no passphrase for the private CA: ${reason}`,
    { cause, hint: 'see certificates.privateCa.passphrase in the configuration' },
  );
}
