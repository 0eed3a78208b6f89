import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { sClient } from '../../support/edge/openssl.ts';
import { hubHost, universalHost } from '../../support/edge/test-settings.ts';
import { WireClient } from '../../support/edge/wire-client.ts';

const get = `GET /v2/ HTTP/1.1\r\nHost: ${universalHost}\r\n\r\n`;

describe('the TLS of an edge', () => {
  let bench: EdgeBench;

  beforeEach(async () => {
    bench = await EdgeBench.start();
  });
  afterEach(() => bench.close());

  const handshake = (tls: ConnectionOptions): Promise<WireClient> =>
    WireClient.tls({ port: bench.port, tls });
  const failure = async (tls: ConnectionOptions): Promise<unknown> => {
    try {
      (await handshake(tls)).close();
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it('speaks TLS 1.2 and 1.3', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const client = await handshake({ minVersion: version, maxVersion: version });
      expect((client.socket as TLSSocket).getProtocol()).to.equal(version);
      expect(await client.send(get).until(/^HTTP\/1\.1 200 /)).to.include('{}');
      client.close();
    }
  });

  it('speaks nothing older', async () => {
    for (const version of ['-tls1', '-tls1_1']) {
      for (const name of [hubHost, universalHost]) {
        const said = await sClient(
          bench.port,
          version,
          '-cipher',
          'ALL:@SECLEVEL=0',
          '-servername',
          name,
        );
        expect(said, version).to.include('SSL alert number 70');
        expect(said, version).to.include('no peer certificate available');
      }
    }
  });

  it('chooses by its own order, but ChaCha20 for who wants that first', async () => {
    const [aes128, aes256, chacha] = [
      'ECDHE-ECDSA-AES128-GCM-SHA256',
      'ECDHE-ECDSA-AES256-GCM-SHA384',
      'ECDHE-ECDSA-CHACHA20-POLY1305',
    ];
    for (const [offered, chosen] of [
      [`${aes256}:${aes128}`, aes128],
      [`${chacha}:${aes128}`, chacha],
      [`${aes256}:${chacha}`, aes256],
    ] as const) {
      const client = await handshake({ maxVersion: 'TLSv1.2', ciphers: offered });
      expect((client.socket as TLSSocket).getCipher().name, offered).to.equal(chosen);
      client.close();
    }
  });

  it('agrees on forward secrecy and authenticated encryption only', async () => {
    const strong = [
      'ECDHE-ECDSA-AES128-GCM-SHA256',
      'ECDHE-ECDSA-AES256-GCM-SHA384',
      'ECDHE-ECDSA-CHACHA20-POLY1305',
    ];
    for (const ciphers of strong) {
      const client = await handshake({ maxVersion: 'TLSv1.2', ciphers });
      expect((client.socket as TLSSocket).getCipher().name).to.equal(ciphers);
      client.close();
    }
    const weak = 'ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA:AES128-GCM-SHA256:AES256-SHA';
    for (const servername of [hubHost, universalHost, '']) {
      const tls = { maxVersion: 'TLSv1.2', ciphers: weak, servername, minDHSize: 1 } as const;
      expect(await failure(tls), servername).to.include({
        code: 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
      });
    }
  });

  it('speaks HTTP/1.1, and refuses clients that speak HTTP/2 alone', async () => {
    const client = await handshake({ ALPNProtocols: ['h2', 'http/1.1'] });
    expect((client.socket as TLSSocket).alpnProtocol).to.equal('http/1.1');
    client.close();
    expect(await failure({ ALPNProtocols: ['h2'] })).to.include({
      code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
    });
  });

  it('does not renegotiate', async () => {
    for (const serverName of [hubHost, universalHost]) {
      const client = await WireClient.tls({
        port: bench.port,
        serverName,
        tls: { maxVersion: 'TLSv1.2' },
      });
      const outcome = new Promise<Error | null>((resolve) => {
        (client.socket as TLSSocket).renegotiate({}, resolve);
      });
      const error = await Promise.race([
        outcome,
        once(client.socket, 'error').then(([failed]) => failed as Error),
      ]);
      expect(error, serverName).to.include({ code: 'ERR_SSL_NO_RENEGOTIATION' });
    }
  });

  it('compresses nothing and asks clients for no certificate', async () => {
    const said = await sClient(bench.port, '-tls1_2', '-comp', '-servername', universalHost);
    expect(said).to.include('Compression: NONE');
    expect(said).to.include('No client certificate CA names sent');
  });

  it('resumes a session for the name that it was made for', async () => {
    const first = await handshake({ maxVersion: 'TLSv1.2' });
    const session = (first.socket as TLSSocket).getSession();
    first.close();
    const again = await handshake({ maxVersion: 'TLSv1.2', session });
    expect((again.socket as TLSSocket).isSessionReused()).to.equal(true);
    expect(await again.send(get).until(/^HTTP\/1\.1 \d+ /)).to.match(/^HTTP\/1\.1 200 /);
    again.close();
  });

  it('never answers for one host on a session made for another', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const first = await WireClient.tls({
        port: bench.port,
        serverName: hubHost,
        tls: { maxVersion: version },
      });
      const session = (first.socket as TLSSocket).getSession();
      first.close();
      const client = await handshake({ maxVersion: version, session });
      const reused = (client.socket as TLSSocket).isSessionReused();
      const answer = await client.send(get).until(/^HTTP\/1\.1 \d+ /);
      expect(answer, version).to.match(reused ? /^HTTP\/1\.1 421 / : /^HTTP\/1\.1 200 /);
      client.close();
    }
  });

  it('opens its session tickets until it is given other keys, whatever its certificates', async () => {
    bench.edge.setTicketKeys(randomBytes(48));
    const first = await handshake({ maxVersion: 'TLSv1.2' });
    const session = (first.socket as TLSSocket).getSession();
    first.close();
    const isReused = async (): Promise<boolean> => {
      const again = await handshake({ maxVersion: 'TLSv1.2', session });
      const reused = (again.socket as TLSSocket).isSessionReused();
      again.close();
      return reused;
    };
    await bench.configure({});
    expect(await isReused()).to.equal(true);
    bench.edge.setTicketKeys(randomBytes(48));
    expect(await isReused()).to.equal(false);
  });

  it('resumes at one edge what another began, on the same keys', async () => {
    const other = await EdgeBench.start();
    const keys = randomBytes(48);
    for (const { edge } of [bench, other]) edge.setTicketKeys(keys);
    const first = await handshake({ maxVersion: 'TLSv1.2' });
    const session = (first.socket as TLSSocket).getSession();
    first.close();
    const tls = { maxVersion: 'TLSv1.2' as const, session };
    const again = await WireClient.tls({ port: other.port, serverName: universalHost, tls });
    expect((again.socket as TLSSocket).isSessionReused()).to.equal(true);
    again.close();
    await other.close();
  });
});
