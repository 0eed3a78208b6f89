/** What a running gate tells of by itself: to a real command and a real web hook. */
import { once } from 'node:events';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import type { NoticeMessage } from '../../../lib/app/notice-delivery.ts';
import { ask } from '../../support/app/gate-client.ts';
import { Stage } from '../../support/app/stage.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { until } from '../../support/until.ts';

/** A look is missed now and then; the next one comes a minute later. */
const lookDeadlineMs = 75_000;

describe('notices of a running gate', function () {
  this.timeout(240_000);
  let directory: TemporaryDirectory;
  let server: Server;
  let posted: NoticeMessage[];
  let status: number;
  let stage: Stage;

  beforeEach(async () => {
    directory = await TemporaryDirectory.create('notices');
    [posted, status] = [[], 503];
    server = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => {
        posted.push(JSON.parse(text) as NoticeMessage);
      });
      request.on('end', () => response.writeHead(status).end());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await writeFile(directory.join('webhook'), `http://127.0.0.1:${port}/hook\n`, { mode: 0o600 });
    await writeFile(directory.join('tell'), '#!/bin/sh\nexec cat >> "$1"\n');
    await chmod(directory.join('tell'), 0o700);
    stage = await Stage.start({
      settings: {
        bandwidth: { monthly: '1MB', stages: [{ at: '50%', do: 'warn' }] },
        notify: {
          command: [directory.join('tell'), directory.join('told')],
          webhook: { file: directory.join('webhook') },
        },
      },
    });
  });
  afterEach(async () => {
    await stage.close();
    server.close();
    server.closeAllConnections();
    await directory.close();
  });

  const told = async (): Promise<NoticeMessage[]> =>
    (await readFile(directory.join('told'), 'utf8'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as NoticeMessage);

  /** As if the time until the next attempt were over. */
  async function passRetryTime(): Promise<void> {
    const file = join(dirname(stage.gate.configurationFile), 'state', 'notices.json');
    const kept = JSON.parse(await readFile(file, 'utf8')) as object[];
    expect(kept).to.have.length(1);
    expect(kept[0]).to.include({ attempts: 1 }).and.not.have.property('toldAtMs');
    const due = kept.map((notice) => ({ ...notice, nextAttemptAtMs: 0 }));
    await writeFile(file, JSON.stringify(due), { mode: 0o600 });
  }

  it('are tried again over a restart until they are taken, and then not repeated', async () => {
    expect((await ask(stage.target(), stage.addBlob(700_000).path)).status).to.equal(200);
    await until('a notice', () => posted.length === 1, lookDeadlineMs);
    expect(posted[0]).to.include({ state: 'raised', key: 'budget 50 warn' });
    expect(posted[0]?.text).to.match(/^mirrorgate: 7[0-9] % of the month's traffic is used/);
    expect(await told()).to.deep.equal(posted);
    await stage.gate.waitForLog('the failure', () =>
      stage.gate.log().find(({ event }) => event === 'not notified'),
    );

    await stage.gate.stop();
    await passRetryTime();
    status = 204;
    await stage.gate.resume();
    await until('the same notice', () => posted.length === 2, lookDeadlineMs);
    expect(posted[1]).to.deep.equal(posted[0]);
    expect(await told()).to.deep.equal(posted);

    await stage.gate.stop();
    await stage.registry.close();
    await stage.gate.resume();
    for (let pull = 0; pull < 10; pull += 1) await ask(stage.target(), stage.addBlob(10).path);
    await until('another notice', () => posted.length === 3, lookDeadlineMs);
    expect(posted[2]).to.include({ state: 'raised', key: 'upstream hub' });
    expect(await told()).to.deep.equal(posted);
  });
});
