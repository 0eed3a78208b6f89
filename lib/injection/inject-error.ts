/** What keeps roots out of a target, told so that the operator can act. */
import { errorCode, MirrorgateError } from '../errors/mirrorgate-error.ts';

export type InjectReason =
  'UNKNOWN_SYSTEM' | 'UNREADABLE' | 'READ_ONLY' | 'IN_USE' | 'UNSUITABLE' | 'TOO_LARGE' | 'FAILED';

export function injectError(
  reason: InjectReason,
  message: string,
  details: { readonly hint?: string; readonly cause?: unknown } = {},
): MirrorgateError {
  return new MirrorgateError(`MIRRORGATE_INJECT_${reason}`, message, details);
}

/** The system's error over `path` of the target `name`, with what to do where that is known. */
export function fileError(name: string, path: string, cause: unknown): MirrorgateError {
  if (cause instanceof MirrorgateError) return cause;
  const code = errorCode(cause) ?? '';
  if (['EROFS', 'EACCES', 'EPERM'].includes(code)) {
    return injectError('READ_ONLY', `${name}: ${path} cannot be written`, {
      cause,
      hint: 'mount it for writing, and run this as its owner or as root',
    });
  }
  const isThere = !['ENOENT', 'ENOTDIR'].includes(code);
  const state = isThere ? 'failed' : 'is not there';
  return injectError(isThere ? 'FAILED' : 'UNREADABLE', `${name}: ${path} ${state}`, { cause });
}
