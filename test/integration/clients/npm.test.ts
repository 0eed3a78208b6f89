/** What `mirrorgate client npm` prints, taken as it is by npm, whose packages come through the gate. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { clientBundleFile } from '../../../lib/clients/client-trust.ts';
import { GateFolder, readyLine } from '../../support/app/gate-folder.ts';
import { runCommand } from '../../support/lab/command.ts';
import { machine } from '../../support/lab/place.ts';

/** As npm's registry names a tarball; npm asks the registry that it is configured for instead. */
const tarballPath = '/example/-/example-1.2.3.tgz';

/** What npm asks a registry for, of a package with one version. */
function packument(tarball: Buffer) {
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  const dist = { tarball: `https://registry.npmjs.org${tarballPath}`, integrity };
  return {
    name: 'example',
    'dist-tags': { latest: '1.2.3' },
    versions: { '1.2.3': { name: 'example', version: '1.2.3', dist } },
  };
}

describe('the printed configuration of npm', function () {
  this.timeout(30_000);
  let folder: GateFolder;
  let registry: Server;
  let asked: string[];
  let tarball: Buffer;

  beforeEach(async () => {
    asked = [];
    registry = createServer((request, response) => {
      asked.push(request.url ?? '');
      if (request.url === tarballPath) response.end(tarball);
      else if (request.url !== '/example') response.writeHead(404).end('{}');
      else {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(packument(tarball)));
      }
    }).listen(0, '127.0.0.1');
    await once(registry, 'listening');
    const { port } = registry.address() as AddressInfo;
    folder = await GateFolder.create();
    tarball = await packed();
    await folder.configure({
      services: [{ name: 'npm', hosts: ['127.0.0.1'], target: `http://127.0.0.1:${port}` }],
    });
    await readyLine(folder.serve());
  });
  afterEach(async () => {
    registry.close();
    await folder.close();
  });

  /** A package as `npm publish` sends it. */
  async function packed(): Promise<Buffer> {
    await folder.makeFolder('package');
    await folder.write('package/package.json', '{"name":"example","version":"1.2.3"}');
    await runCommand(machine, [
      ...['tar', '-C', folder.path, '-czf', folder.join('package.tgz'), 'package'],
    ]);
    return await readFile(folder.join('package.tgz'));
  }

  it('makes npm install through the gate, and trust it', async () => {
    const { stdout } = await folder.run('client', 'npm');
    // Where install.sh puts the roots on a client, which this machine is not.
    const npmrc = stdout.replaceAll(clientBundleFile, folder.join('certs/trust/bundle.pem'));
    await writeFile(folder.join('npmrc'), npmrc);
    const options = ['--userconfig', folder.join('npmrc'), '--cache', folder.join('npm-cache')];
    // npm stands where the caller found it.
    const environment = { HOME: folder.path, PATH: process.env['PATH'] ?? '' };
    await folder.makeFolder('project');
    const install = ['npm', 'install', 'example', '--no-audit', '--no-fund', ...options];
    await runCommand(machine, [...install, '--prefix', folder.join('project')], { environment });
    const installed = await folder.read('project/node_modules/example/package.json');
    expect(JSON.parse(installed)).to.include({ name: 'example', version: '1.2.3' });
    expect(asked).to.include.members(['/example', tarballPath]);
  });
});
