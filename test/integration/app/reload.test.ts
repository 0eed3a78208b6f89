import { readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { ask, begin, isOpen } from '../../support/app/gate-client.ts';
import { hubHost, Stage, universalHost } from '../../support/app/stage.ts';
import { readToEnd } from '../../support/edge/https-client.ts';
import { freePort } from '../../support/lab/free-port.ts';
import type { MirrorSettings } from '../../support/lab/gate.ts';
import { withBasic } from '../../support/upstream/fake-tokens.ts';
import { FakeRegistry } from '../../support/upstream/fake-registry.ts';
import { until } from '../../support/until.ts';

const mib = 1024 * 1024;
const newHost = 'new.example.test';

describe('a gate whose configuration changes', () => {
  let stage: Stage;

  const answers = async (host: string): Promise<boolean> =>
    await ask(stage.target(host), '/v2/').then(
      ({ status }) => status === 200,
      () => false,
    );
  const change = async (...mirrors: readonly MirrorSettings[]): Promise<void> => {
    await stage.gate.configure({ mirrors });
    expect((await stage.gate.reload()).event).to.equal('configuration reloaded');
  };
  /** The configuration with another host for `hub`, as text. */
  const changedText = async (): Promise<string> => {
    const text = await readFile(stage.gate.configurationFile, 'utf8');
    return text.replaceAll(hubHost, newHost);
  };
  beforeEach(async () => {
    stage = await Stage.start();
  });
  afterEach(() => stage.close());

  it('takes new hosts and drops old ones at SIGHUP, while a connection goes on', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ping = async (): Promise<number | undefined> => {
      const response = await begin(stage.target(universalHost, { agent }), '/v2/');
      const { localPort } = response.socket;
      await readToEnd(response);
      return localPort;
    };
    const port = await ping();
    await change(stage.mirror({ hosts: [newHost] }));
    await until('an answer of the new host', () => answers(newHost));
    expect(await answers(hubHost)).to.equal(false);
    expect(await ping()).to.equal(port);
    agent.destroy();
  });

  it('takes a password that was renewed in its file (ECR: every 12 hours)', async () => {
    const upstream = await FakeRegistry.start({
      wrap: (registry) => withBasic(registry, { username: 'AWS', password: 'new' }),
    });
    const digest = upstream.addBlob(Buffer.from('content'));
    const file = join(dirname(stage.gate.configurationFile), 'password');
    await writeFile(file, 'old');
    const credentials = { username: 'AWS', password: { file } };
    await change({ ...stage.mirror(), upstream: upstream.url, credentials, repositories: ['a/b'] });
    const path = `/v2/a/b/blobs/${digest}`;
    const status = async (): Promise<number> => (await ask(stage.target(), path)).status;
    await until('the old password to be refused', async () => (await status()) === 403);
    await writeFile(file, 'new');
    await until('the new password to be taken', async () => (await status()) === 200);
    await upstream.close();
  });

  it('takes a new mirror of another upstream', async () => {
    const upstream = await FakeRegistry.start();
    const digest = upstream.addBlob(Buffer.from('of the other'));
    const mirror = { name: 'other', registry: 'other.test', upstream: upstream.url };
    await change(stage.mirror(), { ...mirror, hosts: [newHost] });
    await until('an answer of the new host', () => answers(newHost));
    const answer = await ask(stage.target(newHost), `/v2/a/b/blobs/${digest}`);
    expect([answer.status, answer.body.toString()]).to.deep.equal([200, 'of the other']);
    await upstream.close();
  });

  it('opens a new port, and closes one that is gone', async () => {
    const [first, second] = [await freePort(), await freePort()];
    await change(stage.mirror({ ports: [first] }));
    await until('the first port', () => isOpen(first));
    const target = stage.target(hubHost, { port: first });
    expect((await ask(target, '/v2/')).status).to.equal(200);
    await change(stage.mirror({ ports: [second] }));
    await until('the second port', () => isOpen(second));
    expect(await isOpen(first)).to.equal(false);
  });

  it('does not cut a pull in flight, though all that changed is its mirror', async () => {
    stage.registry.setFault('blob', { kind: 'slow', bytesPerSecond: 1.5 * mib });
    const blob = stage.addBlob(mib);
    const body = readToEnd(await begin(stage.target(), blob.path));
    for (const ttl of ['10s', '20s']) await change(stage.mirror({ tags: { ttl } }));
    const answer = await body;
    expect(answer.body.equals(blob.bytes)).to.equal(true);
    expect(stage.registry.count('blob', 'GET')).to.equal(1);
  });

  it('lets a pull on a listener that is gone come to its end', async () => {
    const port = await freePort();
    await change(stage.mirror({ ports: [port] }));
    await until('the port', () => isOpen(port));
    stage.registry.setFault('blob', { kind: 'slow', bytesPerSecond: 1.5 * mib });
    const blob = stage.addBlob(mib);
    const body = readToEnd(await begin(stage.target(hubHost, { port }), blob.path));
    await change(stage.mirror());
    await until('end of the port', async () => !(await isOpen(port)));
    expect((await body).body.equals(blob.bytes)).to.equal(true);
  });

  for (const [how, write] of [
    ['renamed over', (path: string, text: string) => replaceFile(path, text)],
    ['written in place', (path: string, text: string) => writeFile(path, text)],
    ['behind a symbolic link that is swapped', (path: string, text: string) => swap(path, text)],
  ] as const) {
    it(`notices by itself that the file was ${how}`, async () => {
      const begunAt = performance.now();
      await write(stage.gate.configurationFile, await changedText());
      await until('an answer of the new host', () => answers(newHost));
      expect(performance.now() - begunAt).to.be.below(1_500);
    });
  }

  it('notices a second change of a file that it took once', async () => {
    const first = await readFile(stage.gate.configurationFile, 'utf8');
    await replaceFile(stage.gate.configurationFile, await changedText());
    await until('an answer of the new host', () => answers(newHost));
    await replaceFile(stage.gate.configurationFile, first);
    await until('an answer of the old host', () => answers(hubHost));
    expect(await answers(newHost)).to.equal(false);
  });

  it('follows another allow-list where it is told of one', async () => {
    const list = join(dirname(stage.gate.configurationFile), 'other.yaml');
    await writeFile(list, 'allow: [127.0.0.1]\n');
    await stage.gate.configure({ settings: { allowList: 'other.yaml' } });
    await stage.gate.reload();
    await writeFile(list, 'allow: [127.0.0.5]\n');
    const from = (address: string) => stage.target(universalHost, { from: address });
    await until('the list', () =>
      ask(from('127.0.0.5'), '/v2/').then(
        () => true,
        () => false,
      ),
    );
    expect(await answers(universalHost)).to.equal(false);
  });
});

async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

/** As Kubernetes does it: the file is a link, and is renamed over by another link. */
async function swap(path: string, text: string): Promise<void> {
  await writeFile(`${path}.target`, text);
  await symlink(`${path}.target`, `${path}.link`);
  await rename(`${path}.link`, path);
}
