import { Agent } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { benchCertificate, EdgeBench } from '../../support/edge/edge-bench.ts';
import { HalvedAnswer } from '../../support/edge/fake-worker.ts';
import { ask } from '../../support/edge/https-client.ts';
import { hubHost, universalHost } from '../../support/edge/test-settings.ts';
import { WireClient } from '../../support/edge/wire-client.ts';

const unverified = { checkServerIdentity: () => undefined };

describe('a certificate that is renewed', () => {
  let bench: EdgeBench;

  beforeEach(async () => {
    bench = await EdgeBench.start();
  });
  afterEach(() => bench.close());

  async function serialFor(serverName: string): Promise<string | undefined> {
    const client = await WireClient.tls({ port: bench.port, serverName, tls: unverified });
    const serial = (client.socket as TLSSocket).getPeerX509Certificate()?.serialNumber;
    client.close();
    return serial;
  }

  it('serves the next handshake by name, and leaves other names alone', async () => {
    const before = [await serialFor(hubHost), await serialFor(universalHost)];
    bench.edge.setCertificate('hub', benchCertificate([hubHost]));
    const after = [await serialFor(hubHost), await serialFor(universalHost)];
    expect(after[0]).to.not.equal(before[0]);
    expect(after[1]).to.equal(before[1]);
  });

  it('serves the next handshake without a name', async () => {
    const before = await serialFor('');
    bench.edge.setCertificate('universal', benchCertificate([universalHost, '127.0.0.1']));
    expect(await serialFor('')).to.not.equal(before);
    expect(await serialFor('')).to.equal(await serialFor(universalHost));
  });

  it('drops no connection, and no answer on its way', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const question = { port: bench.port, host: hubHost, path: '/v2/a/b/manifests/1', agent };
    const halved = new HalvedAnswer();
    bench.worker.handler = halved.handler;
    const pending = ask(question);
    const client = await WireClient.tls({ port: bench.port, serverName: hubHost });
    for (let round = 0; round < 5; round += 1) {
      bench.edge.setCertificate('hub', benchCertificate([hubHost]));
      bench.edge.setCertificate('universal', benchCertificate([universalHost, '127.0.0.1']));
      client.send(`GET /v2/ HTTP/1.1\r\nHost: ${hubHost}\r\n\r\n`);
      await client.until(new RegExp(`(\\{\\}[^]*){${round + 1}}`));
    }
    client.close();
    halved.finish();
    const answer = await pending;
    agent.destroy();
    expect([answer.complete, answer.body.toString()]).to.deep.equal([true, 'halfhalf']);
  });

  it('that comes after its site was configured is served from then on', async () => {
    const sites = [
      ...bench.settings.sites,
      { name: 'late', issuer: 'private-ca' as const, hosts: [...bench.settings.universalHosts] },
    ];
    await bench.edge.configure({ ...bench.settings, sites });
    const failed = await serialFor(universalHost).catch(() => 'no handshake');
    expect(failed).to.equal('no handshake');
    bench.edge.setCertificate('late', benchCertificate([universalHost]));
    expect(await serialFor(universalHost)).to.be.a('string');
  });
});
