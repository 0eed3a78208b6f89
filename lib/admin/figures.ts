/** Figures as people read them on the pages. */
import { html, type Html } from './html.ts';

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export function countText(count: number): string {
  return grouped.format(count);
}

/** `93 %`, or a dash where there is nothing to divide by. */
export function shareText(part: number, whole: number): string {
  if (whole <= 0) return '–';
  const percent = (100 * part) / whole;
  return `${percent > 0 && percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}

/** The time as it is in UTC; the script turns it into the reader's own. */
export function timeHtml(at: Date): Html {
  const iso = at.toISOString();
  const shown = iso.replace('T', ' ').replace(/\.\d+Z$/, ' UTC');
  return html`<time datetime="${iso}">${shown}</time>`;
}

const spans = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** `3 d`, `12 min`: the largest unit that fits. */
export function spanText(ms: number): string {
  const [unit, size] = spans.find(([, step]) => ms >= step) ?? ['s', 1_000];
  return `${Math.max(0, Math.round(ms / size))} ${unit}`;
}

export function agoText(then: Date, now: Date): string {
  const ms = now.getTime() - then.getTime();
  return ms < 1_000 ? 'just now' : `${spanText(ms)} ago`;
}

export function leftText(until: Date, now: Date): string {
  const ms = until.getTime() - now.getTime();
  return ms <= 0 ? 'expired' : `in ${spanText(ms)}`;
}

export function durationText(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** A bar with its share in words beside it, for those who see no bar. */
export function meterHtml(part: number, whole: number, label: string): Html {
  const shown = Math.min(1, whole > 0 ? part / whole : 0).toFixed(3);
  return html`<meter min="0" max="1" value="${shown}" aria-label="${label}"></meter>`;
}
