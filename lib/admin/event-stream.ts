/** Server-sent events (HTML Living Standard §9.2) of what is served, to a few pages at a time. */
import type { ServerResponse } from 'node:http';
import type { Activity } from '../app/activity.ts';
import { pullRow } from './live-page.ts';
import { safetyHeaders, sendText } from './responses.ts';

const maxReaders = 16;
const heartbeatMs = 15_000;

/** A page that takes no more is let go: it connects again and reads what it missed. */
const maxWaitingBytes = 512 * 1024;

export class EventStream {
  readonly #activity: Pick<Activity, 'listen'>;
  #readers = 0;

  constructor(activity: Pick<Activity, 'listen'>) {
    this.#activity = activity;
  }

  serve(response: ServerResponse): void {
    if (this.#readers >= maxReaders) {
      sendText(response, 503, 'too many pages are open');
      return;
    }
    this.#readers += 1;
    response.writeHead(200, { ...safetyHeaders, 'content-type': 'text/event-stream' });
    response.write('retry: 2000\n\n');
    const write = (text: string): void => {
      if (response.writableLength > maxWaitingBytes) response.destroy();
      else response.write(text);
    };
    const stop = this.#activity.listen((exchange) => {
      write(`data: ${JSON.stringify(pullRow(exchange))}\n\n`);
    });
    const heartbeat = setInterval(() => write(': alive\n\n'), heartbeatMs);
    response.once('close', () => {
      this.#readers -= 1;
      clearInterval(heartbeat);
      stop();
    });
  }
}
