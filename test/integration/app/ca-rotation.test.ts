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
import { poll } from '../../support/lab/polling.ts';

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

/** A rotation takes its time, whatever the machine. */
async function eventually(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadlineMs = 40_000;
  await poll(async () => ((await condition()) ? true : undefined), { deadlineMs, what });
}

describe('the private CA of a running gate', function () {
  this.timeout(60_000);
  let stage: Stage;

  beforeEach(async () => {
    stage = await Stage.start({
      settings: {
        certificates: {
          directory: 'certs',
          privateCa: {
            permitted: [zone],
            rootLifetime: '200s',
            leafLifetime: '8s',
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

  it('serves a chain by which either root is found, from the switch on', async () => {
    const old = stage.ca;
    await ca('rotate');
    const young = (await bundle(old)).roots[1]?.pem ?? '';
    await eventually('the switch', async () => await isTrusted(young));
    expect(await isTrusted(old)).to.equal(true);
    expect(await isTrusted(`${old}${young}`)).to.equal(true);
  });

  it('waits for a client that lacks the new root, and names it', async () => {
    const old = stage.ca;
    await ca('rotate');
    const young = (await bundle(old)).roots[1]?.pem ?? '';
    await eventually('a step that clients hold up', async () => {
      await isTrusted(old, bystander);
      return (await status()).rotation.waitsFor === 'clients';
    });
    const { lacking } = (await status()).rotation;
    expect(lacking).to.have.length(1);
    expect(lacking[0]).to.include({ address: bystander, reason: 'never fetched the bundle' });
    expect((await ca('status')).stdout).to.contain(bystander);
    await bundle(old, bystander);
    await eventually('the old root to be retired', async () => {
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
    await eventually('the refusal to be known', async () => {
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
    await eventually('the client to be known', async () =>
      (await status()).rotation.lacking.some(({ address }) => address === bystander),
    );
    const { stdout, exitCode } = await ca('rotate', '--emergency');
    expect(exitCode).to.equal(0);
    expect(stdout).to.contain('every client fails until it trusts the new root');
    expect(stdout).to.contain(`fails now: ${bystander}`);
    await eventually('the old root to be refused', async () => !(await isTrusted(old)));
  });
});
