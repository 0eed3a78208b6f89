import { createServer } from 'node:net';
import { Agent } from 'node:https';
import { expect } from 'chai';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { HalvedAnswer } from '../../support/edge/fake-worker.ts';
import { ask, begin, type Answer } from '../../support/edge/https-client.ts';
import { anyPort, hubHost } from '../../support/edge/test-settings.ts';
import { WireClient } from '../../support/edge/wire-client.ts';
import { freePort } from '../../support/lab/free-port.ts';
import { poll } from '../../support/lab/polling.ts';

describe('the addresses of an edge', () => {
  let bench: EdgeBench;

  const ping = (port = bench.port, host = hubHost, agent?: Agent): Promise<Answer> =>
    ask({ port, host, path: '/v2/', ...(agent === undefined ? {} : { agent }) });
  const isOpen = (port: number, address = '127.0.0.1'): Promise<boolean> =>
    WireClient.tcp({ port, address }).then(
      (client) => {
        client.close();
        return true;
      },
      () => false,
    );
  beforeEach(async () => {
    bench = await EdgeBench.start();
  });
  afterEach(() => bench.close());

  it('keeps the addresses that stay, with their ports', async () => {
    const before = bench.edge.addresses;
    await bench.configure({ logsAccess: false });
    expect(bench.edge.addresses).to.deep.equal(before);
    expect((await ping()).status).to.equal(200);
  });

  it('opens new addresses', async () => {
    const { https } = bench.settings;
    await bench.configure({
      https: [...https, { endpoint: anyPort('127.0.0.2'), mirror: 'ghcr' }],
    });
    const own = bench.edge.addresses.find(({ mirror }) => mirror === 'ghcr');
    const answer = await ask({
      port: own?.port ?? 0,
      address: '127.0.0.2',
      host: hubHost,
      path: '/v2/acme/app/manifests/1',
    });
    expect(answer.status).to.equal(200);
    expect(bench.worker.requests[0]?.target).to.equal('/ghcr/v2/acme/app/manifests/1');
  });

  it('closes addresses that are gone, and lets their answers end', async () => {
    const { port } = bench;
    const answer = new HalvedAnswer();
    bench.worker.handler = answer.handler;
    const body = await begin({ port, host: hubHost, path: '/v2/a/b/manifests/1' });
    await bench.configure({ https: [{ endpoint: anyPort('127.0.0.2'), mirror: undefined }] });
    expect(await isOpen(port)).to.equal(false);
    answer.finish();
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).to.equal('halfhalf');
  });

  it('sends clients of an address that is gone away after their next answer', async () => {
    const { port } = bench;
    const client = await WireClient.tls({ port, serverName: hubHost });
    let answer: (() => void) | undefined;
    bench.worker.handler = (_request, response) => (answer = () => response.end('x'));
    client.send(`GET /v2/a/b/manifests/1 HTTP/1.1\r\nHost: ${hubHost}\r\n\r\n`);
    client.send(`GET /v2/ HTTP/1.1\r\nHost: ${hubHost}\r\n\r\n`);
    await poll(() => answer && true, { deadlineMs: 1_000, what: 'request' });
    await bench.configure({ https: [] });
    answer?.();
    expect(await client.closed(1_000)).to.match(/\r\nConnection: close\r\n[^]*\{\}$/);
  });

  it('can turn an address from https to http', async () => {
    const port = await freePort();
    const endpoint = { kind: 'tcp', address: '127.0.0.1', port } as const;
    expect(await bench.configure({ https: [{ endpoint, mirror: undefined }], http: [] })).to.be
      .empty;
    expect((await ping(port)).status).to.equal(200);
    expect(await bench.configure({ https: [], http: [endpoint] })).to.be.empty;
    const answer = await ask({ port, host: hubHost, path: '/v2/', isPlain: true });
    expect(answer.status).to.equal(308);
  });

  it('reports an address that is taken, serves the others, and tries again the next time', async () => {
    const port = await freePort('127.0.0.2');
    const other = createServer().listen(port, '127.0.0.2');
    const endpoint = { kind: 'tcp', address: '127.0.0.2', port } as const;
    const https = [...bench.settings.https, { endpoint, mirror: undefined }];
    const failures = await bench.configure({ https });
    expect(failures.map((failure) => failure.endpoint)).to.deep.equal([endpoint]);
    expect(failures[0]?.error).to.include({ code: 'EADDRINUSE' });
    expect((await ping()).status).to.equal(200);
    other.close();
    expect(await bench.configure({ https })).to.be.empty;
    expect(await isOpen(port, '127.0.0.2')).to.equal(true);
  });
});
