import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { checkAcmeHosts, type AcmeProbe } from '../../../../lib/app/doctor/acme-hosts.ts';
import { EdgeBench } from '../../../support/edge/edge-bench.ts';
import { load } from '../../config/written-configuration.ts';

const text = (challenges: string): string =>
  `certificates: {issuer: acme, acme: {agreeToTerms: true, challenges: [${challenges}]}}\n` +
  'universal: {hosts: [localhost, 127.0.0.1]}\nmirrors: [docker.io]\n';

describe('checkAcmeHosts', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  const problems = async (challenges: string, probe: AcmeProbe): Promise<(string | undefined)[]> =>
    (await checkAcmeHosts(await load(text(challenges)), probe)).map(({ problem }) => problem);

  it('is content where this gate answers at the names', async () => {
    const bench = await EdgeBench.start({ settings: { answersHttpChallenges: true } });
    expect(await problems('http-01', { port: bench.httpPort })).to.deep.equal([
      undefined,
      undefined,
    ]);
    await bench.close();
  });

  it('tells where somebody else answers, and where nobody does', async () => {
    const server = createServer((_request, response) => response.end('hello'));
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const [, other] = await problems('http-01', { port });
    expect(other).to.contain('something else');
    server.close();
    const [, none] = await problems('http-01', { port });
    expect(none).to.contain('does not answer');
  });

  it('tells where a name does not resolve, and where it leads elsewhere', async () => {
    const resolve = (): Promise<string[]> => Promise.reject(new Error('ENOTFOUND'));
    const [missing] = await problems('http-01', { resolve, port: 1 });
    expect(missing).to.contain('localhost does not resolve');
    const elsewhere = (): Promise<string[]> => Promise.resolve(['192.0.2.7']);
    const [foreign, own] = await problems('tls-alpn-01', { resolve: elsewhere });
    expect(foreign).to.contain('192.0.2.7');
    expect(own).to.equal(undefined);
  });
});
