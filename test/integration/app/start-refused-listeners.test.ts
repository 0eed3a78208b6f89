import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { expect } from 'chai';
import { GateFolder, readyLine, type Ports } from '../../support/app/gate-folder.ts';
import { expectRefusal } from '../../support/app/program.ts';
import { asNobody, nobody, requireNobody } from '../../support/app/unprivileged.ts';

describe('a start is refused with exit code 1 and a line for each listener', () => {
  let folder: GateFolder;
  const others: Server[] = [];

  const occupy = async (where: string | number): Promise<void> => {
    const server = createServer();
    server.listen(typeof where === 'string' ? { path: where } : { port: where, host: '127.0.0.1' });
    await once(server, 'listening');
    others.push(server);
  };
  beforeEach(async () => {
    folder = await GateFolder.create();
  });
  afterEach(async () => {
    for (const server of others.splice(0)) server.close();
    await folder.close();
  });

  for (const [what, port] of [
    ['the shared https port', 'https'],
    ['the http port', 'http'],
    ["a mirror's own port", 'own'],
    ['the admin port', 'admin'],
  ] as const satisfies readonly (readonly [string, keyof Ports])[]) {
    it(`where ${what} is in use`, async () => {
      await folder.configure({ mirrors: [{ registry: 'docker.io', ports: [folder.ports.own] }] });
      await occupy(folder.ports[port]);
      const address = `127.0.0.1:${folder.ports[port]}`;
      expectRefusal(await folder.serveInVain(), 1, ['cannot listen', address, 'EADDRINUSE']);
    });
  }

  it('where two of them are in use', async () => {
    const { https, http } = folder.ports;
    await occupy(https);
    await occupy(http);
    expectRefusal(
      await folder.serveInVain(),
      1,
      [`127.0.0.1:${https}`, 'EADDRINUSE'],
      [`127.0.0.1:${http}`, 'EADDRINUSE'],
    );
  });

  it('where another gate serves there, though each has several edges that share ports', async () => {
    const processes = { edges: 2, workers: 1 };
    await folder.configure({ processes });
    await readyLine(folder.serve());
    const { https, http } = folder.ports;
    const other = await GateFolder.create();
    const listen = { https: [`127.0.0.1:${https}`], http: [`127.0.0.1:${http}`], admin: 'unix:a' };
    await other.configure({ processes, listen });
    expectRefusal(
      await other.serveInVain(),
      1,
      [`127.0.0.1:${https}`, 'EADDRINUSE'],
      [`127.0.0.1:${http}`, 'EADDRINUSE'],
    );
    await other.close();
  });

  it('where this machine has no such address', async () => {
    await folder.configure({ listen: { https: ['192.0.2.1:8443'], http: [] } });
    expectRefusal(await folder.serveInVain(), 1, ['192.0.2.1:8443', 'EADDRNOTAVAIL', 'listen']);
  });

  it('where a port below 1024 is asked for without the right to it', async function () {
    await requireNobody(this);
    const admin = `127.0.0.1:${folder.ports.admin}`;
    await folder.configure({ listen: { https: ['127.0.0.1:443'], http: [], admin } });
    await folder.giveTo(nobody);
    const outcome = await folder.serveInVain({ runtime: [...asNobody, process.execPath] });
    expectRefusal(outcome, 1, ['127.0.0.1:443', 'EACCES', 'CAP_NET_BIND_SERVICE']);
  });

  for (const [what, name, reason] of [
    ['is in use by another program', 'busy.sock', 'in use'],
    ['is a file that is no socket', 'mirrorgate.yaml', 'no socket'],
    ['is too long for one', `${'a'.repeat(108)}.sock`, '107 bytes'],
  ] as const) {
    it(`where the admin socket's path ${what}, which is left alone`, async () => {
      const { https } = folder.ports;
      const listen = { https: [`127.0.0.1:${https}`], http: [], admin: `unix:${name}` };
      await folder.configure({ listen });
      if (name === 'busy.sock') await occupy(folder.join(name));
      const outcome = await folder.serveInVain();
      expectRefusal(outcome, 1, [folder.join(name), reason, 'listen.admin']);
      expect(await folder.has(name)).to.equal(name.length < 100);
    });
  }
});
