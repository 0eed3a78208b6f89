/** A rotation of the private CA in a running gate, with lifetimes of seconds. */
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { ask } from '../../support/app/gate-client.ts';
import { mirrorgate, type Outcome } from '../../support/app/program.ts';
import { hubHost, Stage, zone } from '../../support/app/stage.ts';
import { benchRootPem } from '../../support/edge/edge-bench.ts';
import { failureOf, runCommand } from '../../support/lab/command.ts';
import { machine } from '../../support/lab/place.ts';
import { until } from '../../support/until.ts';

interface WrittenBundle {
  readonly version: number;
  readonly roots: readonly { readonly state: string; readonly pem: string }[];
}

interface WrittenStatus {
  readonly rotation: {
    readonly waitsFor?: string;
    readonly lacking: readonly { readonly address: string; readonly reason: string }[];
  };
}

const bystander = '127.0.0.2';

describe('the private CA of a running gate', function () {
  this.timeout(40_000);
  let stage: Stage;

  beforeEach(async () => {
    stage = await Stage.start({
      settings: {
        certificates: {
          directory: 'certs',
          privateCa: {
            permitted: [zone],
            rootLifetime: '150s',
            leafLifetime: '4s',
            overlap: '2s',
          },
        },
      },
    });
  });
  afterEach(() => stage.close());

  const ca = (...command: readonly string[]): Promise<Outcome> =>
    mirrorgate('ca', ...command, '--config', stage.gate.configurationFile);
  const status = async (): Promise<WrittenStatus> =>
    JSON.parse((await ca('status', '--json')).stdout) as WrittenStatus;
  const bundle = async (roots: string, from = '127.0.0.1'): Promise<WrittenBundle> => {
    const answer = await ask(stage.target(hubHost, { ca: roots, from }), '/ca/bundle.json');
    return JSON.parse(answer.body.toString()) as WrittenBundle;
  };
  const states = async (roots: string): Promise<string> =>
    (await bundle(roots)).roots.map(({ state }) => state).join();
  const isTrusted = (roots: string, from = '127.0.0.1'): Promise<boolean> =>
    ask(stage.target(hubHost, { ca: roots, from }), '/v2/').then(
      ({ status: code }) => code === 200,
      () => false,
    );

  it('is rotated without a client noticing, and trusted no more by its old root alone', async () => {
    const old = stage.ca;
    expect((await ca('rotate')).exitCode).to.equal(0);
    const both = await bundle(old);
    expect(both.roots.map(({ state }) => state)).to.deep.equal(['active', 'next']);
    const young = both.roots[1]?.pem ?? '';
    expect(await isTrusted(young)).to.equal(false);

    let phase = '';
    await until('the old root to be retired', async () => {
      phase = await states(`${old}${young}`);
      if (phase === 'active') return true;
      expect(await isTrusted(old), phase).to.equal(true);
      return false;
    });
    await until('the chain without the old root', async () => !(await isTrusted(old)));
    expect(await isTrusted(young)).to.equal(true);
    const events = stage.gate.log().map(({ event }) => event);
    expect(events).to.include('new root of the private CA signs');
    expect(events).to.include('old root of the private CA retired: its key is gone');
  });

  it('serves a chain by which either root is found, from the switch on', async () => {
    const old = stage.ca;
    await ca('rotate');
    const young = (await bundle(old)).roots[1]?.pem ?? '';
    await until('the switch', async () => await isTrusted(young));
    expect(await isTrusted(old)).to.equal(true);
    expect(await isTrusted(`${old}${young}`)).to.equal(true);
  });

  it('waits for a client that lacks the new root, and names it', async () => {
    const old = stage.ca;
    await ca('rotate');
    const young = (await bundle(old)).roots[1]?.pem ?? '';
    await until('a step that clients hold up', async () => {
      await isTrusted(old, bystander);
      return (await status()).rotation.waitsFor === 'clients';
    });
    const { lacking } = (await status()).rotation;
    expect(lacking).to.have.length(1);
    expect(lacking[0]).to.include({ address: bystander, reason: 'never fetched the bundle' });
    expect((await ca('status')).stdout).to.contain(bystander);
    await bundle(old, bystander);
    await until('the old root to be retired', async () => {
      await isTrusted(`${old}${young}`, bystander);
      return (await states(`${old}${young}`)) === 'active';
    });
  });

  it('knows a client that has the new root and refuses our certificate all the same', async () => {
    await ca('rotate');
    await bundle(stage.ca, bystander);
    const otherRoot = join(dirname(stage.gate.configurationFile), 'other.pem');
    await writeFile(otherRoot, benchRootPem);
    const url = `https://${hubHost}:${stage.gate.httpsPort}/v2/`;
    const resolve = `${hubHost}:${stage.gate.httpsPort}:127.0.0.1`;
    const curl = ['curl', '--silent', '--interface', bystander, '--resolve', resolve];
    const trust = ['--cacert', otherRoot];
    expect((await failureOf(runCommand(machine, [...curl, ...trust, url]))).exitCode).to.equal(60);
    await until('the refusal to be known', async () => {
      const { lacking } = (await status()).rotation;
      return lacking.some(({ address, reason }) => {
        return address === bystander && reason.includes('refuses our certificate');
      });
    });
  });

  it('is replaced at once in an emergency, which says who fails', async () => {
    const old = stage.ca;
    await isTrusted(old, bystander);
    await ca('rotate');
    await until('the client to be known', async () =>
      (await status()).rotation.lacking.some(({ address }) => address === bystander),
    );
    const { stdout, exitCode } = await ca('rotate', '--emergency');
    expect(exitCode).to.equal(0);
    expect(stdout).to.contain('every client fails until it trusts the new root');
    expect(stdout).to.contain(`fails now: ${bystander}`);
    await until('the old root to be refused', async () => !(await isTrusted(old)));
  });
});
