import { expect } from 'chai';
import { readFile, writeFile } from 'node:fs/promises';
import { ask } from '../../support/app/gate-client.ts';
import { hubHost, Stage, universalHost } from '../../support/app/stage.ts';
import type { LogLine } from '../../support/lab/gate.ts';
import { until } from '../../support/until.ts';

const outside = 'mirror.other.test';
const added = 'added.example.test';

describe('a reload', () => {
  let stage: Stage;

  const status = async (host: string): Promise<number | string> =>
    await ask(stage.target(host), '/v2/').then(
      (answer) => answer.status,
      () => 'no answer',
    );
  const refusals = (): LogLine[] =>
    stage.gate.log().filter(({ event }) => event.startsWith('reload refused'));
  beforeEach(async () => {
    stage = await Stage.start();
  });
  afterEach(() => stage.close());

  it('of an invalid file changes nothing, and names every problem with its line', async () => {
    await writeFile(
      stage.gate.configurationFile,
      `mirrors: [docker.io]\nuniversal: {hosts: [${added}]}\nmiror: 1\nprocesses: {edges: 0}\n`,
    );
    await stage.gate.reload();
    await until('both problems', () => refusals().length >= 2);
    const errors = refusals().map(({ error }) => String(error));
    expect(errors[0]).to.include('mirrorgate.yaml:3:1: miror: unknown key');
    expect(errors[1]).to.include('mirrorgate.yaml:4:13: processes.edges: ');
    expect(refusals().every(({ code }) => code === 'MIRRORGATE_CONFIG_INVALID')).to.equal(true);
    expect([await status(universalHost), await status(added)]).to.deep.equal([200, 'no answer']);
  });

  it('that is invalid is followed by one that is not', async () => {
    const good = await readFile(stage.gate.configurationFile, 'utf8');
    await writeFile(stage.gate.configurationFile, 'mirrors: {');
    await until('the refusal', () => refusals().length > 0);
    await writeFile(stage.gate.configurationFile, good.replaceAll(universalHost, added));
    await until('an answer of the new host', async () => (await status(added)) === 200);
  });

  it('that adds a host outside the constraints of the CA is refused whole', async () => {
    for (const certificates of [
      { privateCa: { permitted: ['example.test', '127.0.0.0/8', 'other.test'] } },
      { privateCa: { permitted: ['example.test', '127.0.0.0/8'] } },
    ]) {
      await stage.gate.configure({
        mirrors: [stage.mirror({ hosts: [hubHost, added] })],
        universalHosts: [universalHost, outside],
        settings: { certificates: { directory: 'certs', ...certificates } },
      });
      const before = refusals().length;
      await stage.gate.reload();
      const [refusal] = refusals().slice(before);
      expect(String(refusal?.['error'])).to.include('other.test');
      expect(await status(hubHost)).to.equal(200);
      for (const host of [added, outside]) expect(await status(host)).to.equal('no answer');
    }
  });

  it('to an allow-list with mistakes keeps the one in force', async () => {
    await stage.gate.configure({
      mirrors: [stage.mirror({ hosts: [added] })],
      settings: { allowList: 'wrong.yaml' },
    });
    const wrong = stage.gate.configurationFile.replace('mirrorgate.yaml', 'wrong.yaml');
    await writeFile(wrong, 'allow:\n  - 127.0.0.0/8\n  - 10.0.0.1/8\n');
    await stage.gate.reload();
    expect(String(refusals()[0]?.['error']))
      .to.include('wrong.yaml:3:5: ')
      .and.include('10.0.0.0/8');
    expect([await status(hubHost), await status(added)]).to.deep.equal([200, 'no answer']);
  });

  it('warns of the keys that need a restart, each time, and goes on by the old ones', async () => {
    const settings = {
      certificates: { directory: 'certs2', privateCa: { permitted: ['example.test'] } },
      state: { directory: 'state2' },
      cache: { directory: 'cache2', maxSize: '1GiB', minFree: '16MB' },
      processes: { edges: 2, workers: 2 },
      log: { level: 'debug', format: 'text' },
    };
    const keys = ['processes', 'certificates.directory', 'state.directory', 'cache.directory'];
    const mirrors = [stage.mirror({ hosts: [hubHost, added] })];
    for (const round of [1, 2]) {
      const before = stage.gate.log().length;
      await stage.gate.configure({ mirrors, settings });
      await stage.gate.reload();
      const lines = stage.gate.log().slice(before);
      const warned = lines.flatMap(({ level, key }) => (level === 'warn' ? [key] : []));
      const all = [...keys, 'cache.maxSize', 'log.level', 'log.format'];
      expect(warned.slice(0, all.length), `round ${round}`).to.have.members(all);
    }
    expect(await stage.processes()).to.include.keys('supervisor', 'edge', 'worker');
    for (let count = 0; count < 8; count += 1) {
      const answer = await ask(stage.target(added), stage.addBlob(100).path);
      expect(answer).to.include({ status: 200, complete: true });
    }
    const fingerprint = (await ask(stage.target(), '/ca/fingerprint')).body.toString();
    expect((await stage.gate.bundle()) === stage.ca, fingerprint).to.equal(true);
  });
});
