/** What the world sees of an edge while a CA is awaited: live challenges, and not a byte more. */
import { once } from 'node:events';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { acmeTlsProtocol } from '../../../lib/acme/alpn-protocol.ts';
import { makeChallenge } from '../../../lib/acme/challenge.ts';
import type { EdgeChallenge } from '../../../lib/edge/challenges.ts';
import { systemClock } from '../../../lib/time/clock.ts';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { ask, type Answer } from '../../support/edge/https-client.ts';
import { WireClient } from '../../support/edge/wire-client.ts';
import { allowed, listOf } from '../../support/edge/test-allow-list.ts';
import { ghcrHost, universalHost } from '../../support/edge/test-settings.ts';
import { scaled } from '../../support/scale.ts';
import { until } from '../../support/until.ts';

const token = 'evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA';
const keyAuthorization = `${token}.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI`;
const path = `/.well-known/acme-challenge/${token}`;
const client = '127.0.0.2';

function challengeFor(kind: 'http-01' | 'tls-alpn-01', host = universalHost): EdgeChallenge {
  const challenge = makeChallenge({ kind, host, token, keyAuthorization, clock: systemClock });
  if (challenge.kind === 'dns-01') throw new TypeError('not of an edge');
  return challenge;
}

describe('the challenges of an edge', () => {
  let bench: EdgeBench;

  beforeEach(async () => {
    bench = await EdgeBench.start({
      allowList: listOf([allowed(`${client}/32`)]),
      settings: { answersHttpChallenges: true },
    });
  });
  afterEach(async () => {
    expect(bench.worker.requests).to.have.length(0);
    await bench.close();
  });

  describe('by HTTP', () => {
    const fetch = (target = path, host = universalHost, from?: string): Promise<Answer> =>
      ask({
        ...{ port: bench.httpPort, path: target, host, isPlain: true },
        ...(from === undefined ? {} : { from }),
      });

    it('are answered to everybody, for their own host, until they are withdrawn', async () => {
      const challenge = challengeFor('http-01');
      bench.edge.challenges.present(challenge);
      for (const from of ['127.0.0.1', client]) {
        const answer = await fetch(path, universalHost, from);
        expect(answer.status).to.equal(200);
        expect(answer.headers['content-type']).to.equal('application/octet-stream');
        expect(answer.body.toString()).to.equal(keyAuthorization);
      }
      expect((await fetch(path, ghcrHost)).status).to.equal(404);
      bench.edge.challenges.withdraw(challenge);
      expect((await fetch()).status).to.equal(404);
    });

    it('are all that a stranger can get from port 80', async () => {
      bench.edge.challenges.present(challengeFor('http-01'));
      for (const target of ['/', '/v2/', '/ca/bundle.pem', '/.well-known/', '/.well-known/acme']) {
        const wire = await WireClient.tcp({ port: bench.httpPort });
        wire.socket.write(`GET ${target} HTTP/1.1\r\nHost: ${universalHost}\r\n\r\n`);
        await once(wire.socket, 'close');
        expect(wire.received.toString(), target).to.equal('');
      }
    });

    it('are not to be guessed', async () => {
      bench.edge.challenges.present(challengeFor('http-01'));
      const guesses = [
        ...['', token.slice(1), `${token}x`, token.toLowerCase(), `../${token}`, `${token}/`],
        ...[`${token}?x`, `%65${token.slice(1)}`, 'a'.repeat(129), '__proto__', 'constructor'],
        ...Array.from({ length: scaled(50) }, (_, index) => `${index}`.padStart(43, 'A')),
      ];
      for (const guess of guesses) {
        const { status } = await fetch(`/.well-known/acme-challenge/${guess}`);
        expect(status, guess).to.equal(404);
      }
    });

    it('leave port 80 closed to strangers where no CA is ever awaited', async () => {
      await bench.configure({ answersHttpChallenges: false });
      bench.edge.challenges.present(challengeFor('http-01'));
      const wire = await WireClient.tcp({ port: bench.httpPort });
      wire.socket.write(`GET ${path} HTTP/1.1\r\nHost: ${universalHost}\r\n\r\n`);
      await until('end of the connection', () => wire.socket.destroyed);
      expect(wire.received.toString()).to.equal('');
    });
  });

  describe('by TLS-ALPN', () => {
    const sockets: TLSSocket[] = [];
    afterEach(() => {
      for (const socket of sockets.splice(0)) socket.destroy();
    });

    interface Handshake extends ConnectionOptions {
      readonly from?: string;
    }

    /** Undefined where there was no handshake. */
    async function handshake({ from, ...options }: Handshake): Promise<TLSSocket | undefined> {
      const connection = await WireClient.tcp({
        port: bench.port,
        ...(from === undefined ? {} : { from }),
      });
      const socket = connect({
        ...{ socket: connection.socket, servername: universalHost },
        ...{ ALPNProtocols: [acmeTlsProtocol], rejectUnauthorized: false },
        ...options,
      });
      sockets.push(socket);
      const ended = Promise.withResolvers<undefined>();
      socket.on('error', () => ended.resolve(undefined));
      socket.on('close', () => ended.resolve(undefined));
      return await Promise.race([once(socket, 'secureConnect').then(() => socket), ended.promise]);
    }

    for (const [who, from] of [
      ['a stranger', '127.0.0.1'],
      ['a client on the allow-list', client],
    ] as const) {
      for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const)
        it(`show ${who} their certificate over ${maxVersion}, and end the connection`, async () => {
          const challenge = challengeFor('tls-alpn-01');
          bench.edge.challenges.present(challenge);
          const socket = await handshake({ from, maxVersion });
          expect(socket?.alpnProtocol).to.equal(acmeTlsProtocol);
          expect(socket?.getPeerX509Certificate()?.subject).to.equal('CN=ACME challenge');
          if (socket !== undefined) await once(socket, 'close');
          bench.edge.challenges.withdraw(challenge);
          expect(await handshake({ from, maxVersion })).to.equal(undefined);
        });
    }

    it('are for the pending name alone', async () => {
      bench.edge.challenges.present(challengeFor('tls-alpn-01'));
      for (const servername of [ghcrHost, 'evil.test', '']) {
        expect(await handshake({ servername }), servername).to.equal(undefined);
        expect(await handshake({ servername, from: client }), servername).to.equal(undefined);
      }
    });

    it('let no stranger speak HTTP', async () => {
      bench.edge.challenges.present(challengeFor('tls-alpn-01'));
      expect(await handshake({ ALPNProtocols: ['http/1.1'] })).to.equal(undefined);
      const silent = await handshake({ ALPNProtocols: [] });
      silent?.write(`GET /v2/ HTTP/1.1\r\nHost: ${universalHost}\r\n\r\n`);
      let received = 0;
      silent?.on('data', (chunk: Buffer) => (received += chunk.length));
      if (silent !== undefined) await once(silent, 'close');
      expect(received).to.equal(0);
    });

    it('leave other clients their own certificate meanwhile', async () => {
      bench.edge.challenges.present(challengeFor('tls-alpn-01'));
      const answer = await ask({ port: bench.port, path: '/v2/', from: client });
      expect(answer.status).to.equal(200);
    });

    it('go by an address in its reverse zone', async () => {
      bench.edge.challenges.present(challengeFor('tls-alpn-01', '192.0.2.7'));
      const socket = await handshake({ servername: '7.2.0.192.in-addr.arpa' });
      expect(socket?.getPeerX509Certificate()?.subjectAltName).to.equal('IP Address:192.0.2.7');
    });

    it('of an earlier order do not take away those of a later one', () => {
      const [earlier, later] = [challengeFor('tls-alpn-01'), challengeFor('tls-alpn-01')];
      bench.edge.challenges.present(earlier);
      bench.edge.challenges.present(later);
      bench.edge.challenges.withdraw(earlier);
      expect(bench.edge.challenges.context(universalHost)).to.not.equal(undefined);
    });
  });
});
