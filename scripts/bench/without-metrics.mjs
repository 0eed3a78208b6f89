/**
 * Loaded before the program by `npm run bench:metrics`: its edges then count nothing and tell the
 * supervisor of no exchange. All else is the program as it is.
 */
import { registerHooks } from 'node:module';

const observed = 'observer: observe(registry, report)';
const silent = 'observer: { finished() {}, denied() {}, sighted() {} }';

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith('/dist/app/edge-process.js')) return loaded;
    const source = String(loaded.source);
    if (!source.includes(observed)) throw new Error(`${url} has no "${observed}"`);
    return { ...loaded, source: source.replace(observed, silent) };
  },
});
