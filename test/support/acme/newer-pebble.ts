/** A pebble with renewal information (RFC 9773) and profiles, which Debian's has not. */
import { goProgram, type GoProgram } from '../lab/go-program.ts';

export function newerPebble(): Promise<GoProgram> {
  return goProgram({
    name: 'pebble',
    package: 'github.com/letsencrypt/pebble/v2/cmd/pebble',
    version: 'v2.10.1',
    builtBy: 'npm run soak:acme',
  });
}
