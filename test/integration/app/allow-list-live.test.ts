import { once } from 'node:events';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { ask, begin, handshake, type Target } from '../../support/app/gate-client.ts';
import { mirrorgate } from '../../support/app/program.ts';
import { hubHost, Stage } from '../../support/app/stage.ts';
import { readToEnd } from '../../support/edge/https-client.ts';
import { until } from '../../support/until.ts';

const mib = 1024 * 1024;

describe('the allow-list of a running gate', () => {
  let stage: Stage;

  const from = (address: string): Target => stage.target(hubHost, { from: address });
  const isLetIn = async (address: string): Promise<boolean> =>
    await ask(from(address), '/v2/').then(
      ({ status }) => status === 200,
      () => false,
    );
  const listFile = (): string => join(dirname(stage.gate.configurationFile), 'allow-list.yaml');
  beforeEach(async () => {
    stage = await Stage.start({ allow: ['127.0.0.1', '127.0.0.2', '127.0.0.4/31'] });
  });
  afterEach(() => stage.close());

  it('lets an address in within a second of its being added', async () => {
    expect(await isLetIn('127.0.0.3')).to.equal(false);
    await stage.gate.allow(['127.0.0.1', '127.0.0.3']);
    const changedAt = performance.now();
    await until('an answer to it', () => isLetIn('127.0.0.3'));
    expect(performance.now() - changedAt).to.be.below(1_000);
    expect(await isLetIn('127.0.0.2')).to.equal(false);
  });

  it('cuts the connections of an address within a second of its removal, and no others', async () => {
    const stay = await handshake(from('127.0.0.1'));
    const go = await Promise.all(
      ['127.0.0.2', '127.0.0.4', '127.0.0.5', '127.0.0.5'].map((one) => handshake(from(one))),
    );
    await stage.gate.allow(['127.0.0.1']);
    const changedAt = performance.now();
    await until('their end', () => go.every(({ closed }) => closed));
    expect(performance.now() - changedAt).to.be.below(1_000);
    expect(stay.closed).to.equal(false);
    stay.destroy();
  });

  it('says in the log what changed, and in the status who was turned away', async () => {
    for (let count = 0; count < 3; count += 1) await isLetIn('127.0.0.3');
    await stage.gate.allow(['127.0.0.1', '127.0.0.3']);
    const line = await stage.gate.waitForLog('audit line', () =>
      stage.gate.log().find(({ event }) => event === 'allow-list changed'),
    );
    expect(line).to.deep.include({
      added: ['127.0.0.3/32 (lab-1)'],
      addedCount: 1,
      removedCount: 2,
    });
    const told = await mirrorgate('status', '--json', '--config', stage.gate.configurationFile);
    const { denials } = JSON.parse(told.stdout) as { readonly denials: readonly unknown[] };
    expect(denials).to.deep.equal([{ address: '127.0.0.3', connections: 3 }]);
  });

  it('cuts a pull in flight of a removed client, and lets that of another end', async () => {
    stage.registry.setFault('blob', { kind: 'slow', bytesPerSecond: mib });
    const blob = stage.addBlob(mib / 2);
    const cut = readToEnd(await begin(from('127.0.0.2'), blob.path));
    const whole = readToEnd(await begin(from('127.0.0.1'), blob.path));
    await stage.gate.allow(['127.0.0.1']);
    expect((await cut).complete).to.equal(false);
    expect(await whole).to.include({ status: 200, complete: true });
  });

  it('stays in force where the new one has a mistake, until that is mended', async () => {
    await writeFile(listFile(), 'allow:\n  - 127.0.0.3\n  - 300.0.0.1\n');
    const refusal = await stage.gate.waitForLog('refusal', () =>
      stage.gate.log().find(({ event }) => event.startsWith('reload refused')),
    );
    expect(String(refusal['error'])).to.include('allow-list.yaml:3:5: ').and.include('300.0.0.1');
    expect(await isLetIn('127.0.0.2')).to.equal(true);
    expect(await isLetIn('127.0.0.3')).to.equal(false);
    await writeFile(listFile(), 'allow:\n  - 127.0.0.3\n');
    await until('an answer to it', () => isLetIn('127.0.0.3'));
  });

  it('stays in force where the new one is empty while a mirror has credentials', async () => {
    const file = join(dirname(listFile()), 'password');
    await writeFile(file, 'secret', { mode: 0o600 });
    const credentials = { username: 'acme', password: { file } };
    const mirrors = [stage.mirror({ credentials, repositories: ['acme/*'] })];
    await stage.gate.configure({ mirrors });
    await stage.gate.reload();
    await stage.gate.allow([]);
    const refusal = await stage.gate.waitForLog('refusal', () =>
      stage.gate.log().find(({ event }) => event.startsWith('reload refused')),
    );
    expect(refusal).to.include({ code: 'MIRRORGATE_CONFIG_INVALID' });
    expect(String(refusal['error'])).to.include('allow: is empty, and mirrors have credentials');
    expect(await isLetIn('127.0.0.2')).to.equal(true);
    await stage.gate.allow(['127.0.0.3']);
    await until('an answer to it', () => isLetIn('127.0.0.3'));
  });

  it('stays in force where the file goes away, and follows it when it comes back', async () => {
    await rename(listFile(), `${listFile()}.gone`);
    await stage.gate.waitForLog('refusal', () =>
      stage.gate.log().find(({ event }) => event.startsWith('reload refused')),
    );
    expect(await isLetIn('127.0.0.2')).to.equal(true);
    await writeFile(listFile(), 'allow: [127.0.0.3]\n');
    await until('an answer to it', () => isLetIn('127.0.0.3'));
    expect(await isLetIn('127.0.0.2')).to.equal(false);
  });

  it('follows the files of ranges that it names, those with mistakes too', async () => {
    const ranges = join(dirname(listFile()), 'cloud.txt');
    await writeFile(ranges, '127.0.0.3\n127.0.0.300\n');
    await writeFile(listFile(), 'allow: [127.0.0.1, {file: cloud.txt, label: cloud}]\n');
    const refusal = await stage.gate.waitForLog('refusal', () =>
      stage.gate.log().find(({ event }) => event.startsWith('reload refused')),
    );
    expect(String(refusal['error'])).to.include('cloud.txt:2:1: ').and.include('127.0.0.300');
    expect(await isLetIn('127.0.0.2')).to.equal(true);
    await writeFile(ranges, '127.0.0.3\n');
    await until('an answer to it', () => isLetIn('127.0.0.3'));
    const socket = await handshake(from('127.0.0.3'));
    await writeFile(ranges, '# nobody\n');
    if (!socket.closed) await once(socket, 'close');
    expect(await isLetIn('127.0.0.3')).to.equal(false);
    expect(await isLetIn('127.0.0.1')).to.equal(true);
  });

  it('is what the command line makes of it', async () => {
    const allow = (...rest: string[]) =>
      mirrorgate('allow', ...rest, '--config', stage.gate.configurationFile);
    const socket = await handshake(from('127.0.0.2'));
    expect((await allow('add', '127.0.0.3', '--label', 'three')).exitCode).to.equal(0);
    await until('an answer to it', () => isLetIn('127.0.0.3'));
    expect((await allow('remove', '127.0.0.2')).exitCode).to.equal(0);
    if (!socket.closed) await once(socket, 'close');
    expect(await isLetIn('127.0.0.2')).to.equal(false);
    expect(await readFile(listFile(), 'utf8')).to.include('three');
  });

  it('ends a connection at the moment when its entry expires', async () => {
    const at = new Date(Date.now() + 1_500);
    const entry = `{cidr: 127.0.0.3, expires: "${at.toISOString()}"}`;
    await writeFile(listFile(), `allow: [127.0.0.1, ${entry}]\n`);
    await until('an answer to it', () => isLetIn('127.0.0.3'));
    const socket = await handshake(from('127.0.0.3'));
    await once(socket, 'close');
    expect(Date.now() - at.getTime()).to.be.within(0, 500);
    expect(await isLetIn('127.0.0.3')).to.equal(false);
  });
});
