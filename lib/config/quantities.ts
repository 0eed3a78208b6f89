/** Durations, sizes and rates as operators write them: `90s`, `40GiB`, `200Mbit/s`. */

const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const sizeUnits: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

const rateUnits: Readonly<Record<string, number>> = {
  'bit/s': 1 / 8,
  'kbit/s': 1e3 / 8,
  'Mbit/s': 1e6 / 8,
  'Gbit/s': 1e9 / 8,
};

export const durationPattern = '^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$';
export const sizePattern = '^[0-9]+(\\.[0-9]+)?(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$';
export const ratePattern = '^[0-9]+(\\.[0-9]+)?([kMG]?bit/s|(B|kB|KB|MB|GB|KiB|MiB|GiB)/s)$';
export const sharePattern = '^([0-9]|[1-9][0-9]|100)(\\.[0-9]+)?%$';

/** Milliseconds, or undefined where `text` is no duration. */
export function tryDurationMs(text: string): number | undefined {
  return scaled(text, durationUnits);
}

/** Bytes, or undefined where `text` is no size. */
export function trySizeBytes(text: string): number | undefined {
  return scaled(text, sizeUnits);
}

/** Bytes per second, or undefined where `text` is no rate. */
export function tryRateBytesPerSecond(text: string): number | undefined {
  if (text.endsWith('bit/s')) return scaled(text, rateUnits);
  return text.endsWith('/s') ? trySizeBytes(text.slice(0, -2)) : undefined;
}

/** A share of one (`5%` is 0.05), or undefined where `text` is no percentage from 0 to 100. */
export function tryShare(text: string): number | undefined {
  return new RegExp(sharePattern).test(text) && Number(text.slice(0, -1)) <= 100
    ? Number(text.slice(0, -1)) / 100
    : undefined;
}

const durationSteps = Object.entries(durationUnits).reverse();

/** The shortest exact spelling of a duration: 90000 is `90s`. */
export function durationText(ms: number): string {
  const [unit, size] = durationSteps.find(([, step]) => ms >= step && ms % step === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}

const shownSizes = ['TiB', 'GiB', 'MiB', 'KiB'] as const;

/** A size for people, in binary units with one decimal: `1.4 GiB`. */
export function sizeText(bytes: number): string {
  for (const unit of shownSizes) {
    const step = sizeUnits[unit] ?? 1;
    if (bytes >= step) return `${(bytes / step).toFixed(1)} ${unit}`;
  }
  return `${bytes} B`;
}

function scaled(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^([0-9]+(?:\.[0-9]+)?)(\D+)$/.exec(text);
  const unit = match?.[2];
  if (match === null || unit === undefined || !Object.hasOwn(units, unit)) return undefined;
  const amount = Math.round(Number(match[1]) * (units[unit] ?? 0));
  return Number.isSafeInteger(amount) ? amount : undefined;
}
