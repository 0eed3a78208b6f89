import { expect } from 'chai';
import type { TLSSocket } from 'node:tls';
import { clientHello } from '../../support/edge/client-hello.ts';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { ask, ociCode } from '../../support/edge/https-client.ts';
import { sClient } from '../../support/edge/openssl.ts';
import {
  anyPort,
  hub,
  hubHost,
  testSettings,
  universalHost,
} from '../../support/edge/test-settings.ts';
import { WireClient } from '../../support/edge/wire-client.ts';
import { freePort } from '../../support/lab/free-port.ts';
import { hostNames } from '../../support/test-certificates.ts';

/** A fatal alert in clear. */
const unrecognizedName = Buffer.from([0x15, 3, 3, 0, 2, 2, 112]).toString('latin1');

/** Every name is verified by the caller, or is no matter of the test. */
const unverified = { checkServerIdentity: () => undefined };

function namesOf(client: WireClient): string {
  return (client.socket as TLSSocket).getPeerX509Certificate()?.subjectAltName ?? '';
}

describe('server names', () => {
  let bench: EdgeBench;

  beforeEach(async () => {
    const { https, sites } = testSettings();
    bench = await EdgeBench.start({
      settings: {
        https: [...https, { endpoint: anyPort('127.0.0.2'), mirror: 'hub' }],
        sites: [
          ...sites,
          { name: 'addressed', issuer: 'private-ca' as const, hosts: hostNames('127.0.0.3') },
        ],
      },
    });
  });
  afterEach(() => bench.close());

  async function namesFor(serverName: string, address = '127.0.0.1', port = bench.port) {
    const client = await WireClient.tls({ port, address, serverName, tls: unverified });
    const names = namesOf(client);
    client.close();
    return names;
  }

  it('choose the certificate, in whatever spelling', async () => {
    for (const name of [hubHost, hubHost.toUpperCase(), `${hubHost}.`, 'Hub.Example.test.']) {
      expect(await namesFor(name), name).to.equal(`DNS:${hubHost}`);
    }
    expect(await namesFor(universalHost)).to.include(`DNS:${universalHost}`);
  });

  it('that are missing lead to the universal certificate', async () => {
    expect(await namesFor('')).to.equal(`DNS:${universalHost}, IP Address:127.0.0.1`);
  });

  it("that are missing lead to the mirror's own certificate on its own address", async () => {
    const own = bench.edge.addresses.find(({ mirror }) => mirror === 'hub');
    expect(await namesFor('', '127.0.0.2', own?.port)).to.equal(`DNS:${hubHost}`);
  });

  it('that are missing lead to the certificate of the address connected to', async () => {
    await bench.configure({ https: [{ endpoint: anyPort('0.0.0.0'), mirror: undefined }] });
    expect(await namesFor('', '127.0.0.3')).to.equal('IP Address:127.0.0.3');
    expect(await namesFor('', '127.0.0.4')).to.include(`DNS:${universalHost}`);
  });

  it('that nobody has get the fatal alert unrecognized_name', async () => {
    for (const version of ['-tls1_2', '-tls1_3']) {
      const said = await sClient(bench.port, version, '-servername', 'other.example.test');
      expect(said, version).to.match(/unrecognized name:.*SSL alert number 112/);
      expect(said, version).to.include('no peer certificate available');
    }
  });

  it('that nobody has leave no connection behind', async () => {
    const said = WireClient.tls({ port: bench.port, serverName: 'other.example.test' });
    const error = await said.then(
      () => undefined,
      (failure: unknown) => failure,
    );
    expect(error).to.be.instanceOf(Error);
    expect((await ask({ port: bench.port, path: '/v2/' })).status).to.equal(200);
  });

  it('must be the name in the Host header', async () => {
    const wrong = { port: bench.port, path: '/v2/', host: universalHost, serverName: hubHost };
    const answer = await ask({ ...wrong, headers: {} });
    expect(answer.status).to.equal(421);
    expect(ociCode(answer)).to.equal('NAME_UNKNOWN');
    expect(answer.headers.connection).to.equal('close');
    expect(bench.worker.requests).to.have.length(0);
  });

  it('and Host may differ in spelling', async () => {
    const client = await WireClient.tls({
      port: bench.port,
      serverName: `${hubHost.toUpperCase()}.`,
    });
    client.send('GET /v2/ HTTP/1.1\r\nHost: hub.example.TEST:443\r\nConnection: close\r\n\r\n');
    expect(await client.closed()).to.match(/^HTTP\/1\.1 200 /);
  });

  it('that are missing leave the choice to the Host header', async () => {
    for (const host of [hubHost, universalHost, '127.0.0.1']) {
      const client = await WireClient.tls({ port: bench.port, serverName: '', tls: unverified });
      client.send(`GET /v2/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      expect(await client.closed(), host).to.match(/^HTTP\/1\.1 200 /);
    }
  });

  it('that are missing do no harm to a client that offers protocols (curl, Go)', async () => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const tls = { ...unverified, maxVersion, ALPNProtocols: ['h2', 'http/1.1'] };
      const client = await WireClient.tls({ port: bench.port, serverName: '', tls });
      client.send(`GET /v2/ HTTP/1.1\r\nHost: ${hubHost}\r\nConnection: close\r\n\r\n`);
      expect(await client.closed()).to.match(/^HTTP\/1\.1 200 /);
    }
  });

  it('that are missing do not help a Host that nobody has', async () => {
    const client = await WireClient.tls({ port: bench.port, serverName: '', tls: unverified });
    client.send('GET /v2/ HTTP/1.1\r\nHost: other.example.test\r\n\r\n');
    expect(await client.closed()).to.match(/^HTTP\/1\.1 421 /);
  });

  it('that nobody has are told to the connection that sent them', async () => {
    await bench.configure({ https: [{ endpoint: anyPort('0.0.0.0'), mirror: undefined }] });
    const fromPort = await freePort('127.0.0.9');
    const same = { port: bench.port, from: '127.0.0.9', fromPort };
    const wrong = await WireClient.tcp({ ...same, address: '127.0.0.1' });
    const right = await WireClient.tcp({ ...same, address: '127.0.0.3' });
    wrong.send(await clientHello('other.example.test'));
    expect(await wrong.closed(1_000)).to.equal(unrecognizedName);
    right.send(await clientHello(universalHost));
    expect((await right.until(/^[^]/)).charCodeAt(0)).to.equal(0x16);
    right.close();
  });

  it('do not matter for the mirror of an address of its own', async () => {
    const own = bench.edge.addresses.find(({ mirror }) => mirror === hub.name);
    const port = own?.port ?? 0;
    const client = await WireClient.tls({
      port,
      address: '127.0.0.2',
      serverName: '',
      tls: unverified,
    });
    client.send(
      `GET /v2/alpine/manifests/3 HTTP/1.1\r\nHost: 127.0.0.2:${port}\r\nConnection: close\r\n\r\n`,
    );
    expect(await client.closed()).to.match(/^HTTP\/1\.1 200 /);
    expect(bench.worker.requests.map(({ target }) => target)).to.deep.equal([
      '/hub/v2/library/alpine/manifests/3',
    ]);
  });
});
