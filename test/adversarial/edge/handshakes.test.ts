import { expect } from 'chai';
import {
  clientHello,
  withServerNameExtension,
  withServerNames,
} from '../../support/edge/client-hello.ts';
import { clientAddress, crowd } from '../../support/edge/crowd.ts';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { ask } from '../../support/edge/https-client.ts';
import { openFiles, openFilesBackTo } from '../../support/edge/open-files.ts';
import { scaled } from '../../support/scale.ts';
import { SeededRandom } from '../../support/edge/seeded-random.ts';
import { hubHost, universalHost } from '../../support/edge/test-settings.ts';
import { WireClient } from '../../support/edge/wire-client.ts';

const handshakeRecord = 0x16;
const alertRecord = 0x15;
const unrecognizedName = 112;

describe('handshakes that nobody should send', function () {
  this.timeout(600_000);
  let bench: EdgeBench;
  let hello: Buffer;
  let files: number;

  beforeEach(async () => {
    hello = await clientHello(universalHost);
    files = await openFiles();
    bench = await EdgeBench.start({ limits: { handshakeTimeoutMs: 500, checkIntervalMs: 20 } });
  });
  afterEach(async () => {
    expect((await ask({ port: bench.port, path: '/v2/' })).status).to.equal(200);
    expect(bench.log.entries.filter(({ level }) => level === 'error')).to.deep.equal([]);
    await bench.close();
    await openFilesBackTo(files);
  });

  /** The first record that comes back for `bytes`: its type, and the alert where it is one. */
  async function answerTo(bytes: Buffer, index = 0): Promise<{ type?: number; alert?: number }> {
    const client = await WireClient.tcp({ port: bench.port, from: clientAddress(index) });
    await client
      .send(bytes)
      .until(/[^]{7}/)
      .catch(() => undefined);
    client.close();
    const [type, , , , , , alert] = client.received;
    return {
      ...(type === undefined ? {} : { type }),
      ...(type !== alertRecord || alert === undefined ? {} : { alert }),
    };
  }

  const strange: Readonly<Record<string, string | Buffer>> = {
    'of 64 characters in a label': `${'a'.repeat(64)}.example.test`,
    'of 300 characters': `${'a.'.repeat(150)}example.test`,
    'of 14 000 characters': 'a'.repeat(14_000),
    'beyond ASCII': Buffer.from('bücher.example.test'),
    'no UTF-8': Buffer.from([0xff, 0xfe, 0x2e, 0xc3]),
    'an IPv4 address': '127.0.0.1',
    'an IPv6 address': '::1',
    'an inherited one': '__proto__',
    'another inherited one': 'constructor',
    'with a wildcard': '*.example.test',
    'with a port': `${hubHost}:443`,
    'with a line break': `${hubHost}\r\nX: y`,
    'with two dots at its end': `${hubHost}..`,
    'dots alone': '...',
    'a path': '../../etc/passwd',
  };
  for (const [what, name] of Object.entries(strange)) {
    it(`a server name ${what} gets the alert, and no certificate`, async () => {
      const bytes = typeof name === 'string' ? Buffer.from(name) : name;
      const { type, alert } = await answerTo(withServerNames(hello, bytes));
      expect(type).to.equal(alertRecord);
      expect(alert).to.be.oneOf([unrecognizedName, 50, 47]);
    });
  }

  it('a server name in another spelling is the one that it is', async () => {
    for (const name of [universalHost.toUpperCase(), `${universalHost}.`, 'HUB.example.TEST.']) {
      const { type } = await answerTo(withServerNames(hello, Buffer.from(name)));
      expect(type, name).to.equal(handshakeRecord);
    }
  });

  it('a server name that is cut off by a NUL is none of ours', async () => {
    for (const name of [`${hubHost}\0`, `${hubHost}\0.evil.test`, `\0${hubHost}`, '\0']) {
      const { type } = await answerTo(withServerNames(hello, Buffer.from(name)));
      expect(type, JSON.stringify(name)).to.equal(alertRecord);
    }
  });

  it('a list of server names that is malformed is an error, or no name', async () => {
    const name = Buffer.from(hubHost);
    const bodies = [
      Buffer.alloc(0),
      Buffer.from([0]),
      Buffer.from([0, 0]),
      Buffer.from([0, 3, 0, 0, 0]),
      Buffer.from([0xff, 0xff, 0, 0xff, 0xff]),
      Buffer.from([0, 4, 1, 0, 1, 0x61]),
      Buffer.concat([Buffer.from([0, name.length + 3, 0, 0, name.length + 9]), name]),
    ];
    for (const body of bodies) {
      const { type } = await answerTo(withServerNameExtension(hello, body));
      expect(type).to.be.oneOf([undefined, alertRecord, handshakeRecord]);
    }
    const { type } = await answerTo(withServerNames(hello, name, Buffer.from('other.test')));
    expect(type).to.be.oneOf([undefined, alertRecord]);
  });

  it('that are no handshake are closed', async () => {
    const greetings = [
      `GET /v2/ HTTP/1.1\r\nHost: ${universalHost}\r\n\r\n`,
      'SSH-2.0-OpenSSH_9.2\r\n',
      `PROXY TCP4 127.0.0.1 127.0.0.1 1 1\r\n`,
      '\u0080\u002e\u0001\u0000\u0002',
      '\u0016\u0003\u0001\u00ff\u00ff',
      '\u0015\u0003\u0003\u0000\u0002\u0002\u0028',
      '\u0017\u0003\u0003\u0000\u0005hello',
      '\u0014\u0003\u0003\u0000\u0001\u0001'.repeat(100),
      '\0'.repeat(10_000),
    ];
    for (const greeting of greetings) {
      const { type } = await answerTo(Buffer.from(greeting, 'latin1'));
      expect(type, JSON.stringify(greeting.slice(0, 40))).to.be.oneOf([undefined, alertRecord]);
    }
  });

  it('in a thousand broken forms leave the edge as it was', async () => {
    const random = SeededRandom.announced('broken handshakes');
    await crowd(scaled(1_000), 32, async (index) => {
      const bytes = Buffer.from(hello);
      for (let left = 1 + random.below(8); left > 0; left -= 1) {
        bytes[random.below(random.below(2) === 0 ? 50 : bytes.length)] = random.below(256);
      }
      const cut = random.below(8) === 0 ? random.below(bytes.length) : bytes.length;
      const { type } = await answerTo(bytes.subarray(0, cut), index);
      expect(type).to.be.oneOf([undefined, alertRecord, handshakeRecord]);
    });
  });
});
