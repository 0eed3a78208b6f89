import { expect } from 'chai';
import {
  durationPattern,
  durationText,
  ratePattern,
  sharePattern,
  sizePattern,
  sizeText,
  tryDurationMs,
  tryRateBytesPerSecond,
  tryShare,
  trySizeBytes,
} from '../../../lib/config/quantities.ts';

interface Quantity {
  readonly what: string;
  readonly read: (text: string) => number | undefined;
  /** What editors are told of it by the JSON Schema. */
  readonly pattern: string;
  readonly accepted: Readonly<Record<string, number>>;
  readonly refused: readonly string[];
}

const never = ['', ' ', '0', '7', '-1', 'NaN', 'Infinity', '1e3', '0x10', '1,5', '.5', '5.', '١'];

const quantities: readonly Quantity[] = [
  {
    what: 'duration',
    read: tryDurationMs,
    pattern: durationPattern,
    accepted: {
      '0s': 0,
      '250ms': 250,
      '90s': 90_000,
      '10m': 600_000,
      '1.5h': 5_400_000,
      '7d': 604_800_000,
    },
    refused: [
      '7 d',
      '7D',
      '7w',
      '1M',
      '1y',
      '-7d',
      '+7d',
      '7d ',
      ' 7d',
      '7d\n',
      '1h30m',
      's',
      '1.2.3s',
    ],
  },
  {
    what: 'size',
    read: trySizeBytes,
    pattern: sizePattern,
    accepted: {
      '0B': 0,
      '1B': 1,
      '500MB': 5e8,
      '40GiB': 40 * 2 ** 30,
      '1TB': 1e12,
      '1.5KiB': 1536,
      '2kB': 2000,
      '2KB': 2000,
    },
    refused: ['40G', '40g', '40gib', '40 GiB', '40GiB/s', '-1GB', '1Gb', '1PB', 'GiB', '1GiBB'],
  },
  {
    what: 'rate',
    read: tryRateBytesPerSecond,
    pattern: ratePattern,
    accepted: {
      '8bit/s': 1,
      '200Mbit/s': 25e6,
      '1Gbit/s': 125e6,
      '1kbit/s': 125,
      '2MiB/s': 2 ** 21,
      '5B/s': 5,
    },
    refused: [
      '200Mbit',
      '200Mbps',
      '200 Mbit/s',
      '1MBit/s',
      '/s',
      'bit/s',
      '1MiB',
      '-1B/s',
      '1Mibit/s',
    ],
  },
  {
    what: 'share',
    read: tryShare,
    pattern: sharePattern,
    accepted: { '0%': 0, '5%': 0.05, '99.5%': 0.995, '100%': 1, '100.0%': 1 },
    refused: ['101%', '100.5%', '05%', '-5%', '5 %', '0.05', '%', '5%%', '1000%'],
  },
];

describe('quantities', () => {
  for (const { what, read, pattern, accepted, refused } of quantities) {
    for (const [text, value] of Object.entries(accepted)) {
      it(`reads the ${what} ${text} as ${value}`, () => {
        expect(read(text)).to.equal(value);
        expect(text).to.match(new RegExp(pattern));
      });
    }

    it(`reads nothing else as a ${what}`, () => {
      for (const text of [...never, ...refused]) expect(read(text), text).to.equal(undefined);
    });
  }

  it('beyond all counting are none', () => {
    const huge = '9'.repeat(400);
    expect([tryDurationMs(`${huge}d`), tryDurationMs('200000000d')]).to.deep.equal([
      undefined,
      undefined,
    ]);
    expect([trySizeBytes(`${huge}TiB`), trySizeBytes('9000TiB')]).to.deep.equal([
      undefined,
      undefined,
    ]);
    expect(tryRateBytesPerSecond(`${huge}Gbit/s`)).to.equal(undefined);
  });

  it('are units, not what every object has', () => {
    for (const text of ['1toString', '1constructor', '1__proto__']) {
      expect([tryDurationMs(text), trySizeBytes(text)]).to.deep.equal([undefined, undefined]);
    }
  });

  it('are told in the largest unit that fits', () => {
    const durations = [0, 1, 90_000, 3_600_000, 5_400_000, 604_800_000].map(durationText);
    expect(durations).to.deep.equal(['0ms', '1ms', '90s', '1h', '90m', '7d']);
    const sizes = [0, 1023, 1024, 1_500_000, 40 * 2 ** 30, 2 ** 41].map(sizeText);
    expect(sizes).to.deep.equal(['0 B', '1023 B', '1.0 KiB', '1.4 MiB', '40.0 GiB', '2.0 TiB']);
  });
});
