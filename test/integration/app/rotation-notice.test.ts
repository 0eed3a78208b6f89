/** A rotation of a running gate that waits for a client, as its operator hears of it. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { NoticeMessage } from '../../../lib/app/notice-delivery.ts';
import { ask } from '../../support/app/gate-client.ts';
import { mirrorgate } from '../../support/app/program.ts';
import { hubHost, Stage, zone } from '../../support/app/stage.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { until } from '../../support/until.ts';

const bystander = '127.0.0.2';
/** A look that comes too early, or is missed, is followed by the next a minute later. */
const lookDeadlineMs = 75_000;

describe('a rotation that waits for a client', function () {
  this.timeout(120_000);
  let directory: TemporaryDirectory;
  let server: Server;
  let posted: NoticeMessage[];
  let stage: Stage;

  beforeEach(async () => {
    directory = await TemporaryDirectory.create('rotation-notice');
    posted = [];
    server = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => {
        posted.push(JSON.parse(text) as NoticeMessage);
      });
      request.on('end', () => response.writeHead(204).end());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await writeFile(directory.join('webhook'), `http://127.0.0.1:${port}/hook\n`, { mode: 0o600 });
    // The old root is given up once the last leaf of it has ended, unless a client would fail by it.
    const privateCa = {
      ...{ permitted: [zone], rootLifetime: '200s' },
      ...{ leafLifetime: '2s', overlap: '100ms' },
    };
    stage = await Stage.start({
      settings: {
        certificates: { directory: 'certs', privateCa },
        notify: { webhook: { file: directory.join('webhook') } },
      },
    });
  });
  afterEach(async () => {
    await stage.close();
    server.close();
    server.closeAllConnections();
    await directory.close();
  });

  it('is told to its operator, with the client and what to do', async () => {
    const knowsOldRoot = stage.target(hubHost, { from: bystander });
    const isServed = () =>
      ask(knowsOldRoot, '/v2/').then(
        ({ status }) => status === 200,
        () => false,
      );
    await until('a client that is known', isServed);
    const rotated = await mirrorgate('ca', 'rotate', '--config', stage.gate.configurationFile);
    expect(rotated.exitCode).to.equal(0);
    // With roots and certificates of seconds there are others.
    const about = (): NoticeMessage[] => posted.filter(({ key }) => key === 'rotation-waits');
    await until('a notice', () => about().length > 0, lookDeadlineMs);
    expect(about()).to.have.length(1);
    const [notice] = about();
    expect(notice?.state).to.equal('raised');
    expect(notice?.text).to.contain(bystander).and.to.contain('ca rotate --force');
  });
});
