/** For commands that only a running gate can answer. */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';

export function notRunning(stateDirectory: string): MirrorgateError {
  return new MirrorgateError(
    'MIRRORGATE_CONTROL_NOT_RUNNING',
    `no gate runs on the state directory ${stateDirectory}`,
    { hint: 'start it: mirrorgate serve' },
  );
}
