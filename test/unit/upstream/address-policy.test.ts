import { expect } from 'chai';
import { tryAddress } from '../../../lib/net/address.ts';
import { anyAddress, publicAddressesOnly } from '../../../lib/upstream/address-policy.ts';

/** First and last address of each block, and what lies just outside. */
const forbidden = [
  ['0.0.0.0', '0.255.255.255'],
  ['10.0.0.0', '10.255.255.255'],
  ['100.64.0.0', '100.127.255.255'],
  ['127.0.0.1', '127.255.255.255'],
  ['169.254.0.0', '169.254.169.254'],
  ['172.16.0.0', '172.31.255.255'],
  ['192.0.0.0', '192.0.0.255'],
  ['192.0.2.1'],
  ['192.88.99.1'],
  ['192.168.0.0', '192.168.255.255'],
  ['198.18.0.0', '198.19.255.255'],
  ['198.51.100.7'],
  ['203.0.113.7'],
  ['224.0.0.1', '239.255.255.255'],
  ['240.0.0.1', '255.255.255.255'],
  ['::', '::1', '::7f00:1', '::127.0.0.1'],
  ['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:169.254.169.254', '::ffff:10.0.0.1'],
  ['64:ff9b::7f00:1', '64:ff9b::8.8.8.8', '64:ff9b:1::a00:1'],
  ['100::1'],
  ['2001::1', '2001:0:53aa:64c:0:7f:80ff:fffe', '2001:10::1', '2001:20::1', '2001:1ff:ffff::1'],
  ['2001:db8::1'],
  ['2002::1', '2002:7f00:1::', '2002:a9fe:a9fe::1'],
  ['3fff::1', '3fff:fff:ffff::1'],
  ['5f00::1'],
  ['fc00::1', 'fdff:ffff::1', 'fd00:ec2::254'],
  ['fe80::1', 'febf::1', 'fec0::1'],
  ['ff02::1', 'ff0e::1'],
].flat();

const permitted = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.0',
  '169.253.255.255',
  '172.15.255.255',
  '172.32.0.0',
  '192.0.1.0',
  '192.167.255.255',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '::ffff:8.8.8.8',
  '2001:200::1',
  '2001:4860:4860::8888',
  '2600:1f18::1',
  '2a01:4f8::1',
];

describe('publicAddressesOnly', () => {
  for (const text of forbidden) {
    it(`forbids ${text}`, () => expect(judge(text)).to.equal(false));
  }
  for (const text of permitted) {
    it(`permits ${text}`, () => expect(judge(text)).to.equal(true));
  }

  function judge(text: string): boolean {
    const address = tryAddress(text);
    if (address === undefined) throw new TypeError(`"${text}" is no address`);
    return publicAddressesOnly(address);
  }
});

describe('anyAddress', () => {
  it('permits loopback, for mirrors that say so', () => {
    expect(anyAddress(Uint8Array.of(127, 0, 0, 1))).to.equal(true);
  });
});
