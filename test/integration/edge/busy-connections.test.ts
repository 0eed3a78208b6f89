import { expect } from 'chai';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { FakeBackend, serviceHost } from '../../support/edge/fake-backend.ts';
import { universalHost } from '../../support/edge/test-settings.ts';
import { WireClient } from '../../support/edge/wire-client.ts';

describe('a connection with more requests than it may have', () => {
  let bench: EdgeBench;
  let backend: FakeBackend;

  beforeEach(async () => {
    backend = await FakeBackend.start();
    bench = await EdgeBench.start({
      settings: { services: [backend.service] },
      limits: { maxRequestsPerConnection: 3 },
    });
  });
  afterEach(async () => {
    await bench.close();
    await backend.kill();
  });

  for (const [what, host] of [
    ['a mirror', universalHost],
    ['a service', serviceHost],
  ] as const) {
    it(`to ${what} is told so with the last answer, and served no more`, async () => {
      const client = await WireClient.tls({ port: bench.port, serverName: host });
      const get = `GET /v2/a/b/manifests/1 HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
      for (const count of [1, 2]) {
        await client
          .send(get)
          .until(new RegExp(`(HTTP/1\\.1 200 [^]*?\\r\\n\\r\\n\\w+){${count}}$`));
        expect(client.received.toString()).to.not.match(/connection: close/i);
      }
      const received = await client.send(get.repeat(3)).closed(1_000);
      expect(received.match(/HTTP\/1\.1 \d+/g)).to.deep.equal(Array(3).fill('HTTP/1.1 200'));
      expect(received).to.match(/connection: close\r\n[^]*\w$/i);
      expect([...bench.worker.requests, ...backend.requests]).to.have.length(3);
    });
  }
});
