/** kill -9 at every change that a rotation makes to the disk: what is there is whole, and goes on. */
import { readFile, rm } from 'node:fs/promises';
import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { Authority } from '../../../lib/ca/authority.ts';
import { fingerprint } from '../../../lib/certificates/certificate-facts.ts';
import { certificateBlocks } from '../../../lib/certificates/pem.ts';
import { readFileIfPresent } from '../../../lib/files/atomic-file.ts';
import { systemClock } from '../../../lib/time/clock.ts';
import { authorityOptions, testPolicy } from '../../support/ca/test-authority.ts';
import { CommandFailure, runCommand } from '../../support/lab/command.ts';
import { machine } from '../../support/lab/place.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { scaled } from '../../support/scale.ts';
import { hostNames } from '../../support/test-certificates.ts';

const script = new URL('../../support/ca/rotating-process.mjs', import.meta.url).pathname;
/** More changes than a rotation makes: the last run is to end by itself. */
const maxChanges = 60;

/** The last bundle version that it told, and whether it was killed. */
async function rotate(directory: string, killedBefore: number, stick?: string) {
  const kept = stick === undefined ? [] : [stick];
  const command = [process.execPath, script, directory, String(killedBefore), ...kept];
  const versions = (text: string): number[] => text.trim().split('\n').map(Number);
  try {
    const { stdout } = await runCommand(machine, command);
    return { told: versions(stdout).at(-1) ?? 0, isKilled: false };
  } catch (error) {
    if (!(error instanceof CommandFailure) || error.exitCode !== null) throw error;
    return { told: versions(error.stdout).at(-1) ?? 0, isKilled: true };
  }
}

describe('a rotation that is killed', function () {
  this.timeout(120_000);
  let scratch: TemporaryDirectory;
  const directory = (): string => scratch.join('certs');
  const configuration = testPolicy({
    permitted: [{ kind: 'dns', zone: 'example.test' }],
    leafLifetimeMs: 3_600_000,
  });

  beforeEach(async () => {
    scratch = await TemporaryDirectory.create('killed');
  });
  afterEach(() => scratch.close());

  async function expectWhole(told: number): Promise<void> {
    const options = authorityOptions(directory(), systemClock, configuration);
    const authority = await Authority.open(options);
    const { bundleVersion, roots } = authority.state;
    expect(bundleVersion).to.be.at.least(told);
    expect(options.logger.entries.filter(({ level }) => level === 'error')).to.deep.equal([]);
    const published = await readFile(scratch.join('certs', 'trust', 'bundle.pem'), 'utf8');
    expect(published).to.equal(authority.bundlePem());

    const { chainPem } = authority.issueLeaf(hostNames('a.example.test'), 60_000);
    const [leaf, ...above] = certificateBlocks(chainPem).map((pem) => new X509Certificate(pem));
    const intermediate = roots[0].intermediate && above.shift();
    expect(leaf?.verify((intermediate ?? roots[0].certificate).publicKey)).to.equal(true);
    expect(intermediate?.verify(roots[0].certificate.publicKey)).to.not.equal(false);
    const [cross] = above;
    const [retiring] = roots.filter(({ state }) => state === 'retiring');
    expect(cross === undefined).to.equal(retiring === undefined);
    if (retiring !== undefined) {
      expect(cross?.verify(retiring.certificate.publicKey)).to.equal(true);
    }
    const known = new Set(roots.map(({ certificate }) => fingerprint(certificate)));
    for (const generation of ['authority.json', 'authority.previous.json']) {
      const text = await readFileIfPresent(scratch.join('certs', 'ca', generation));
      if (text === undefined || roots.length > 1) continue;
      const kept = JSON.parse(text.toString()) as { roots: readonly { certificate: string }[] };
      // What was given up is gone from both.
      for (const { certificate } of kept.roots) {
        expect(known).to.include(fingerprint(new X509Certificate(certificate)));
      }
    }
  }

  it('is whole after each kill, goes on at the next start, and comes to its end', async () => {
    let kills = 0;
    for (let nth = 1; nth <= maxChanges; nth += 1) {
      const { told, isKilled } = await rotate(directory(), nth);
      if (!isKilled) break;
      kills += 1;
      if (told > 0) await expectWhole(told);
      if (nth % 4 === 0) {
        await rotate(directory(), 0);
        await expectWhole(4);
      }
      await rm(directory(), { recursive: true });
    }
    expect(kills).to.be.within(12, maxChanges - 1);
  });

  it('survives a kill at every restart', async () => {
    let told = 0;
    for (let restart = 0; restart < 8; restart += 1) {
      const outcome = await rotate(directory(), 3 + restart);
      told = Math.max(told, outcome.told);
      await expectWhole(told);
      if (!outcome.isKilled) break;
    }
    await rotate(directory(), 0);
    await expectWhole(4);
  });

  it('goes on where its root is kept elsewhere, killed at changes of either folder', async () => {
    const stick = (): string => scratch.join('stick');
    const stride = scaled(1) > 1 ? 1 : 4;
    let kills = 0;
    for (let nth = 1; nth <= maxChanges; nth += stride) {
      const { told, isKilled } = await rotate(directory(), nth, stick());
      if (!isKilled) break;
      kills += 1;
      if (told > 0) await expectWhole(told);
      expect((await rotate(directory(), 0, stick())).told).to.equal(4);
      await expectWhole(4);
      const keys = await readFile(scratch.join('stick', 'ca', 'authority.json'), 'utf8');
      expect(keys.match(/PRIVATE KEY-----\\n/g)).to.have.length(2);
      await Promise.all([directory(), stick()].map((path) => rm(path, { recursive: true })));
    }
    expect(kills * stride).to.be.within(15, maxChanges - 1);
  });
});
