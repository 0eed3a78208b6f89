/** Opens the private CA in the directory that is its argument and prints its fingerprint. */
import { Authority } from '../../lib/ca/authority.ts';
import { nameSubtree } from '../../lib/config/scalars.ts';
import { systemClock } from '../../lib/time/clock.ts';
import { recordedLog } from './recorded-log.ts';
import { dayMs } from './test-certificates.ts';

const [, , directory = ''] = process.argv;
const authority = await Authority.open({
  directory,
  clock: systemClock,
  logger: recordedLog(),
  builtAt: new Date(0),
  configuration: {
    name: 'Test',
    permitted: [nameSubtree.parse('example.test')],
    leafLifetimeMs: 7 * dayMs,
    rootLifetimeMs: 365 * dayMs,
    overlapMs: 30 * dayMs,
    intermediateLifetimeMs: 90 * dayMs,
    evidenceWindowMs: 30 * dayMs,
  },
});
console.log(authority.fingerprint());
