import { expect } from 'chai';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { clientAddress, crowd } from '../../support/edge/crowd.ts';
import { ask } from '../../support/edge/https-client.ts';
import {
  badHeaders,
  badRequestLines,
  malformedRequest,
  mutatedRequest,
  pulledPath,
  refusedRequestLines,
} from '../../support/edge/malformed-requests.ts';
import { openFiles, openFilesBackTo } from '../../support/edge/open-files.ts';
import { scaled } from '../../support/scale.ts';
import { SeededRandom } from '../../support/edge/seeded-random.ts';
import { universalHost } from '../../support/edge/test-settings.ts';
import { WireClient } from '../../support/edge/wire-client.ts';

/** Every answer in what a connection got. */
function statusesIn(received: string): string[] {
  return received.match(/HTTP\/1\.1 \d{3}/g) ?? [];
}

describe('malformed requests', function () {
  this.timeout(600_000);
  let bench: EdgeBench;
  let files: number;

  beforeEach(async () => {
    files = await openFiles();
    bench = await EdgeBench.start({
      limits: { headersTimeoutMs: 400, keepAliveTimeoutMs: 50, checkIntervalMs: 20 },
    });
  });
  afterEach(async () => {
    expect((await ask({ port: bench.port, path: pulledPath })).status).to.equal(200);
    expect(bench.log.entries.filter(({ level }) => level === 'error')).to.deep.equal([]);
    await bench.close();
    await openFilesBackTo(files);
  });

  /** All that comes back for `bytes`. */
  async function said(bytes: string | Buffer, index = 0, isPlain = false): Promise<string> {
    const from = clientAddress(index);
    const client = isPlain
      ? await WireClient.tcp({ port: bench.httpPort, from })
      : await WireClient.tls({ port: bench.port, from });
    return await client.send(bytes).closed(10_000);
  }

  /** One answer at most, and none but a refusal. */
  function expectRefusal(received: string, request: string | Buffer): void {
    const shown = JSON.stringify(request.toString('latin1').slice(0, 400));
    const statuses = statusesIn(received);
    expect(statuses, shown).to.have.length.below(2);
    for (const status of statuses) expect(status, shown).to.match(/ 4\d\d$/);
  }

  it('of every known kind are refused, and no worker sees one', async () => {
    const host = `Host: ${universalHost}`;
    const requests = [
      ...[...badRequestLines, ...refusedRequestLines].map(
        (line) => `${line}\r\n${host}\r\nConnection: close\r\n\r\n`,
      ),
      ...badHeaders.flatMap((header) => [
        `GET ${pulledPath} HTTP/1.1\r\n${host}\r\n${header}\r\n\r\n`,
        `GET ${pulledPath} HTTP/1.1\r\n${header}\r\n${host}\r\n\r\n`,
      ]),
    ];
    await crowd(requests.length, 32, async (index) => {
      const request = requests[index] ?? '';
      expectRefusal(await said(request, index), request);
    });
    expect(bench.worker.requests).to.deep.equal([]);
  });

  it('over http get no answer but a refusal or a redirect', async () => {
    const random = SeededRandom.announced('plain mixtures');
    await crowd(scaled(200), 32, async (index) => {
      const request = malformedRequest(random);
      for (const status of statusesIn(await said(request, index, true))) {
        expect(status, JSON.stringify(request)).to.match(/ (308|4\d\d)$/);
      }
    });
  });

  it('in thousands of mixtures are refused, and no worker sees one', async () => {
    const random = SeededRandom.announced('mixtures');
    await crowd(scaled(1_000), 32, async (index) => {
      const request = malformedRequest(random);
      expectRefusal(await said(request, index), request);
    });
    expect(bench.worker.requests).to.deep.equal([]);
  });

  it('made of valid ones by chance reach a worker once at most', async () => {
    const random = SeededRandom.announced('mutations');
    let [answered, cut] = [0, 0];
    await crowd(scaled(1_000), 32, async (index) => {
      const request = mutatedRequest(random);
      const statuses = statusesIn(await said(request, index));
      if (statuses.length === 0) cut += 1;
      for (const status of statuses) {
        expect(status, JSON.stringify(request.toString('latin1'))).to.match(/ (200|4\d\d)$/);
        if (status.endsWith('200')) answered += 1;
      }
    });
    // What is cut may have been a good request with garbage behind it.
    expect(bench.worker.requests.length).to.be.within(answered, answered + cut);
  });

  it('with names that objects inherit are ordinary ones', async () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype']) {
      const request = `GET ${pulledPath} HTTP/1.1\r\nHost: ${universalHost}\r\n${name}: x\r\nConnection: close\r\n\r\n`;
      expect(statusesIn(await said(request)), name).to.deep.equal(['HTTP/1.1 200']);
    }
    expect({}).to.not.have.property('x');
    for (const { headers } of bench.worker.requests) {
      expect(Object.keys(headers).sort()).to.deep.equal(['connection', 'host']);
    }
  });
});
