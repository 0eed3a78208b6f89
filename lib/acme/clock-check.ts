/** Nothing is ordered by a clock that is wrong: it would order over and over, or too late. */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { isPassing } from './acme-errors.ts';
import type { AcmeServer } from './acme-server.ts';
import { caHost } from './exchange.ts';
import { patiently, type Patience } from './waiting.ts';

/** One that is further off takes what is valid for expired. */
const maxClockSkewMs = 24 * 60 * 60 * 1000;

/** @throws MirrorgateError `MIRRORGATE_ACME_CLOCK`; and as {@link AcmeServer.directory} */
export async function assertClock(
  server: AcmeServer,
  directoryUrl: string,
  context: Patience,
): Promise<void> {
  const ask = () => server.directory(context.signal);
  const { clockSkewMs = 0 } = await patiently(ask, isPassing, context);
  if (Math.abs(clockSkewMs) <= maxClockSkewMs) return;
  const hours = Math.round(Math.abs(clockSkewMs) / 3_600_000);
  throw new MirrorgateError(
    'MIRRORGATE_ACME_CLOCK',
    `the clock of this machine is ${hours} hours ${clockSkewMs < 0 ? 'ahead of' : 'behind'} that of ${caHost(directoryUrl)}: nothing is ordered`,
    { hint: 'set the clock (timedatectl set-ntp true) and try again' },
  );
}
