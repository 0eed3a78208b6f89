/** What `mirrorgate client npm` prints, taken as it is by npm, whose packages come through the gate. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { clientBundleFile } from '../../../lib/clients/client-trust.ts';
import { GateFolder, readyLine } from '../../support/app/gate-folder.ts';
import { runCommand } from '../../support/lab/command.ts';
import { machine } from '../../support/lab/place.ts';

/** What npm asks a registry for, of a package with one version. */
const packument = {
  name: 'example',
  'dist-tags': { latest: '1.2.3' },
  versions: { '1.2.3': { name: 'example', version: '1.2.3', dist: {} } },
};

describe('the printed configuration of npm', function () {
  this.timeout(30_000);
  let folder: GateFolder;
  let registry: Server;
  let asked: string[];

  beforeEach(async () => {
    asked = [];
    registry = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.setHeader('content-type', 'application/json').end(JSON.stringify(packument));
    }).listen(0, '127.0.0.1');
    await once(registry, 'listening');
    const { port } = registry.address() as AddressInfo;
    folder = await GateFolder.create();
    await folder.configure({
      services: [{ name: 'npm', hosts: ['127.0.0.1'], target: `http://127.0.0.1:${port}` }],
    });
    await readyLine(folder.serve());
  });
  afterEach(async () => {
    registry.close();
    await folder.close();
  });

  it('makes npm ask the gate, and trust it', async () => {
    const { stdout } = await folder.run('client', 'npm');
    // Where install.sh puts the roots on a client, which this machine is not.
    const npmrc = stdout.replaceAll(clientBundleFile, folder.join('certs/trust/bundle.pem'));
    await writeFile(folder.join('npmrc'), npmrc);
    const options = ['--userconfig', folder.join('npmrc'), '--cache', folder.join('npm-cache')];
    // npm stands where the caller found it.
    const environment = { HOME: folder.path, PATH: process.env['PATH'] ?? '' };
    const npm = ['npm', 'view', 'example', 'version', ...options];
    const seen = await runCommand(machine, npm, { environment });
    expect(seen.stdout.trim()).to.equal('1.2.3');
    expect(asked).to.deep.equal(['/example']);
  });
});
