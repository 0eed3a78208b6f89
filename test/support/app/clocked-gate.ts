/**
 * `serve --config FILE`, whose roots and certificates live by a clock that stands still until a test
 * moves it: to the hour that the file `hour` beside FILE names, counted from the start. What is
 * reached stands in `hour.reached`.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Gate } from '../../../lib/app/gate.ts';
import { ManualClock } from '../manual-clock.ts';

const hourMs = 3_600_000;
/** What a timer began, writes to disk among it, is given this long before the clock moves on. */
const settlingMs = 4;

const [file = ''] = process.argv.slice(-1);
const wantedFile = join(dirname(file), 'hour');
process.title = 'mirrorgate: supervisor';
const clock = new ManualClock(new Date());
const gate = await Gate.start(file, clock);
const stopping = new AbortController();
process.once('SIGTERM', () => {
  stopping.abort();
  void gate.close(0).then(() => process.exit(0));
});
console.log('mirrorgate ready');

for (let hour = 0; !stopping.signal.aborted;) {
  const wanted = Number(await readFile(wantedFile, 'utf8').catch(() => '0'));
  while (hour < wanted) {
    await clock.advance(hourMs);
    await delay(settlingMs);
    hour += 1;
  }
  await writeFile(`${wantedFile}.new`, String(hour));
  await rename(`${wantedFile}.new`, `${wantedFile}.reached`);
  await delay(20);
}
