/** Logs more than any pipe holds, and says on standard output that nothing held it up. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { createLogger } from '../../../lib/telemetry/logger.ts';

const logger = createLogger({ level: 'info', format: 'json', process: 'test' });
for (let round = 0; round < 40; round += 1) {
  for (let line = 0; line < 250; line += 1) logger.info('access', { filler: 'x'.repeat(250) });
  await delay(1);
}
console.log('survived');
await once(process.stdin.resume(), 'end');
