/**
 * The metadata of a Firecracker microVM (MMDS), as it is PUT to /mmds: the roots stand at
 * `/latest/mirrorgate`. A guest reads them through the host alone, so the fingerprint there is as
 * good as the host: `install.sh --bundle` takes both.
 */
import { bundleFingerprint, bundleJson, bundlePem, type Bundle } from '../ca/bundle.ts';
import { injectError } from './inject-error.ts';

/** Firecracker's `--mmds-size-limit` unless told, in bytes of JSON without spaces. */
const maxBytes = 51_200;

/**
 * The document's new text; `text` is empty where there is none yet.
 * @throws MirrorgateError `MIRRORGATE_INJECT_UNSUITABLE`, `MIRRORGATE_INJECT_TOO_LARGE`
 */
export function editMmds(text: string, bundle: Bundle): string {
  const document = parseObject(text.trim() === '' ? '{}' : text);
  const latest = document['latest'] ?? {};
  if (!isObject(latest))
    throw injectError('UNSUITABLE', '"latest" of the MMDS document is no object');
  const edited = {
    ...document,
    latest: {
      ...latest,
      // Strings alone: MMDS answers no other value in its text form.
      mirrorgate: {
        fingerprint: bundleFingerprint(bundle),
        'bundle.pem': bundlePem(bundle),
        'bundle.json': bundleJson(bundle),
      },
    },
  };
  const sizeBytes = Buffer.byteLength(JSON.stringify(edited));
  if (sizeBytes > maxBytes) {
    throw injectError(
      'TOO_LARGE',
      `the MMDS document would have ${sizeBytes} bytes of ${maxBytes}`,
      {
        hint: 'take something else out of it, or give the VM its roots by dir: or image:',
      },
    );
  }
  const indent =
    /^\{\n?([ \t]+)"/.exec(text)?.[1] ?? (text.includes('\n') || text === '' ? '  ' : '');
  return `${JSON.stringify(edited, undefined, indent)}\n`;
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch (cause) {
    throw injectError('UNSUITABLE', 'the MMDS document is no JSON', { cause });
  }
  throw injectError('UNSUITABLE', 'the MMDS document is no JSON object');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
