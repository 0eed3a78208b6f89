import { expect } from 'chai';
import type { z } from 'zod';
import {
  adminEndpoint,
  duration,
  freeSpace,
  hostName,
  lifetime,
  mirrorName,
  nameSubtree,
  origin,
  rate,
  registryName,
  share,
  size,
  tcpEndpoint,
  webUrl,
  wholeNumber,
} from '../../../lib/config/scalars.ts';

interface Scalar {
  readonly schema: z.ZodType;
  readonly accepted: readonly string[];
  readonly refused: readonly unknown[];
}

const scalars: Readonly<Record<string, Scalar>> = {
  duration: {
    schema: duration,
    accepted: ['0s', '250ms', '90s', '36500d'],
    refused: ['90', 90, '36600d', '9'.repeat(400) + 'd', '1w'],
  },
  lifetime: { schema: lifetime, accepted: ['1s', '7d'], refused: ['0s', '999ms', '36600d', 7] },
  size: { schema: size, accepted: ['40GiB', '0B'], refused: ['40G', 40, '9'.repeat(400) + 'B'] },
  rate: { schema: rate, accepted: ['200Mbit/s'], refused: ['200Mbps', 200] },
  share: { schema: share, accepted: ['5%', '100%'], refused: ['101%', 0.05, '5'] },
  'free space': { schema: freeSpace, accepted: ['5%', '2GiB'], refused: ['5', 5, '101%', '2G'] },
  'address to listen on': {
    schema: tcpEndpoint,
    accepted: ['0.0.0.0:443', '[::]:443'],
    refused: [443, ':443', '443', '*:443', 'localhost:443', 'unix:/run/x', '[::ffff:1.2.3.4]:1'],
  },
  'admin address': {
    schema: adminEndpoint,
    accepted: ['127.0.0.1:9180', '127.8.9.1:0', '[::1]:9180', 'unix:admin.sock'],
    refused: ['0.0.0.0:9180', '[::]:9180', '192.0.2.1:9180', '[::127.0.0.1]:9180', 'unix:', 9180],
  },
  'host name': {
    schema: hostName,
    accepted: ['hub.example.com', 'HUB.example.com.', '192.0.2.7', '2001:db8::7'],
    refused: ['*.example.com', 'a b', 'a_b', '', 7, 'https://hub', 'hub:443', '\u212aube.test'],
  },
  'mirror name': {
    schema: mirrorName,
    accepted: ['hub', 'ecr-public', '0', 'a'.repeat(63)],
    refused: ['', '-a', 'Hub', 'a_b', 'a/b', '..', 'a'.repeat(64), 5, 'hub\n'],
  },
  'registry name': {
    schema: registryName,
    accepted: ['docker.io', 'localhost:5000', '192.0.2.7:5000', 'registry.example.com'],
    refused: [
      'Docker.io',
      'a..b',
      'a:99999',
      'a:',
      'a/b',
      'https://a',
      '-a',
      'a_b',
      '',
      5,
      '1.2.3',
    ],
  },
  origin: {
    schema: origin,
    accepted: ['https://a', 'http://127.0.0.1:9000', 'https://a:8443/', 'https://[::1]'],
    refused: [
      'a',
      'https://a/b',
      'https://a?b',
      'https://a#b',
      'ftp://a',
      'https://u@a',
      'https://',
      5,
    ],
  },
  'web address': {
    schema: webUrl,
    accepted: ['https://a/directory', 'https://a:14000/dir?x'],
    refused: ['http://a/directory', 'https://u:p@a/', 'a', '', 5],
  },
  'port number': {
    schema: wholeNumber(1, 65535),
    accepted: [],
    refused: [0, 65536, 1.5, '443', NaN],
  },
};

describe('the scalars of the configuration', () => {
  for (const [what, { schema, accepted, refused }] of Object.entries(scalars)) {
    it(`read ${accepted.join(', ') || 'what fits'} as ${what}`, () => {
      for (const text of accepted) expect(schema.safeParse(text).error, text).to.equal(undefined);
    });

    it(`refuse as ${what} what is none, name the value and say what to write`, () => {
      for (const value of [...refused, null, true, [], {}]) {
        const { error } = schema.safeParse(value);
        const told = error?.issues.map(({ message }) => message) ?? [];
        expect(told, String(value)).to.not.be.empty;
        for (const message of told) {
          expect(message).to.match(/^(?:"|-?\d|NaN|true|a list|a mapping|has no value).*; \w/s);
          expect(message).to.not.match(/expected|received|invalid/i);
        }
      }
    });

    it(`say that a ${what} is missing`, () => {
      const { error } = schema.safeParse(undefined);
      expect(error?.issues.map(({ message }) => message.slice(0, 11))).to.deep.equal([
        'is missing;',
      ]);
    });
  }

  it('read whole numbers within their bounds', () => {
    expect([1, 65535].map((port) => wholeNumber(1, 65535).parse(port))).to.deep.equal([1, 65535]);
  });

  it('read a zone or a block for name constraints, and tell what is wrong with a block', () => {
    expect(nameSubtree.parse('Example.COM.')).to.deep.equal({ kind: 'dns', zone: 'example.com' });
    expect(nameSubtree.parse('192.0.2.7')).to.have.nested.property('cidr.prefixLength', 32);
    expect(nameSubtree.parse('2001:db8::/32')).to.have.nested.property('cidr.prefixLength', 32);
    const told = (value: unknown): string =>
      nameSubtree.safeParse(value).error?.issues[0]?.message ?? '';
    expect(told('10.0.0.1/8')).to.contain('; write 10.0.0.0/8');
    expect(told('a b')).to.match(/^"a b" is neither/);
    expect(told('::ffff:10.0.0.0/104')).to.contain('10.0.0.0/8');
    expect(told(5)).to.match(/^5 is neither/);
    expect(told('*.example.com')).to.match(/^"\*\.example\.com" is neither/);
  });
});
