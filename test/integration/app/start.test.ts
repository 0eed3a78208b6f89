import { request } from 'node:http';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { IncomingMessage } from 'node:http';
import { stat } from 'node:fs/promises';
import { expect } from 'chai';
import { GateFolder, readyLine } from '../../support/app/gate-folder.ts';
import { ask } from '../../support/app/gate-client.ts';
import { allEnded, memberOf, supervisorBelow } from '../../support/app/process-table.ts';
import { asNobody, nobody, requireNobody } from '../../support/app/unprivileged.ts';
import { tryLogLine } from '../../support/app/log-lines.ts';
import { poll } from '../../support/lab/polling.ts';

describe('a gate that starts', () => {
  let folder: GateFolder;

  const adminStatus = async (path: string): Promise<number | undefined> => {
    const asked = request({ port: folder.ports.admin, path, agent: false }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.resume();
    return response.statusCode;
  };
  beforeEach(async () => {
    folder = await GateFolder.create();
  });
  afterEach(() => folder.close());

  it('says on standard output one line with every listener, when all of them answer', async () => {
    const { https, http, own, admin } = folder.ports;
    const mirrors = [{ registry: 'docker.io', ports: [own] }];
    await folder.configure({ mirrors });
    const gate = folder.serve();
    const line = await readyLine(gate);
    const listeners = [
      `https=127.0.0.1:${https}`,
      `https(hub)=127.0.0.1:${own}`,
      `http=127.0.0.1:${http}`,
      `admin=127.0.0.1:${admin}`,
    ];
    expect(line).to.equal(['mirrorgate ready', ...listeners].join(' '));
    for (const port of [https, http, own, admin]) {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.destroy();
    }
    expect(await adminStatus('/readyz')).to.equal(200);
    expect(await adminStatus('/healthz')).to.equal(200);
    expect(await gate.stop()).to.deep.equal({ exitCode: 0, signal: null });
    expect(gate.stdout).to.deep.equal([line]);
  });

  it('answers through TLS by a CA that it made, and logs one JSON object a line', async () => {
    const gate = folder.serve();
    await readyLine(gate);
    const ca = await folder.read('certs/trust/bundle.pem');
    const target = { port: folder.ports.https, host: 'mirror.example.test', ca };
    expect((await ask(target, '/v2/')).status).to.equal(200);
    await gate.stop();
    const lines = gate.stderr.map(tryLogLine);
    expect(lines).not.to.include(undefined);
    expect(lines.map((line) => line?.event)).to.include.members(['private CA made', 'access']);
    for (const line of lines) expect(line).to.include.keys('time', 'level', 'process');
  });

  it('logs text where it is told to', async () => {
    await folder.configure({ log: { format: 'text' } });
    const gate = folder.serve();
    await readyLine(gate);
    await gate.stop();
    for (const line of gate.stderr) expect(line).to.match(/^\S+Z INFO {2}supervisor /);
    expect(gate.stderr.length).to.be.above(0);
  });

  it('needs no rights but those to its own folder', async function () {
    await requireNobody(this);
    await folder.giveTo(nobody);
    const gate = folder.serve({ runtime: [...asNobody, process.execPath] });
    await readyLine(gate);
    expect((await stat(folder.join('certs/ca/authority.json'))).uid).to.equal(nobody);
    expect((await gate.stop()).exitCode).to.equal(0);
  });

  it('takes a change of the allow-list into use that was made while it started', async () => {
    const gate = folder.serve();
    await gate.waitFor('its state directory', () =>
      stat(folder.join('state/run')).catch(() => undefined),
    );
    await folder.write('allow-list.yaml', 'allow: [127.0.0.0/8, 192.0.2.1]\n');
    await readyLine(gate);
    await gate.waitFor('line about the allow-list', () =>
      gate.stderr.map(tryLogLine).find((line) => line?.event === 'allow-list reloaded'),
    );
  });

  it('reloads once it is ready where it was asked to while it started', async () => {
    const gate = folder.serve();
    await gate.waitFor('its state directory', () =>
      stat(folder.join('state/run')).catch(() => undefined),
    );
    await gate.signal('SIGHUP');
    await readyLine(gate);
    await gate.waitFor('line about the reload', () =>
      gate.stderr.map(tryLogLine).find((line) => line?.event === 'configuration reloaded'),
    );
  });

  it('ends when it is told to before it is ready, and leaves nothing running', async () => {
    const gate = folder.serve();
    const supervisor = await supervisorBelow(process.pid);
    const edge = await memberOf(supervisor, 'edge-1');
    expect(await gate.stop()).to.deep.equal({ exitCode: 0, signal: null });
    await allEnded([supervisor, edge]);
  });

  it('is one of two that start on the same folder at once', async () => {
    const other = await GateFolder.create();
    await other.configure({ state: { directory: folder.join('state') } });
    const gates = [folder.serve(), other.serve()];
    const refused = await poll(() => gates.find(({ exit }) => exit !== undefined), {
      deadlineMs: 5_000,
      what: 'end of one of them',
    });
    expect(refused.exit?.exitCode).to.equal(1);
    expect(refused.stderr.filter((line) => line.startsWith('mirrorgate: '))).to.have.length(1);
    for (const gate of gates) if (gate !== refused) await readyLine(gate);
    await other.close();
  });
});
