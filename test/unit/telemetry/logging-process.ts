/** Logs to standard error for a while, and says on standard output that it came to its end. */
import { setTimeout as delay } from 'node:timers/promises';
import { createLogger } from '../../../lib/telemetry/logger.ts';

const logger = createLogger({ level: 'info', format: 'json', process: 'test' });
for (let line = 0; line < 50; line += 1) {
  logger.info('line', { line, filler: 'x'.repeat(200) });
  await delay(10);
}
console.log('survived');
