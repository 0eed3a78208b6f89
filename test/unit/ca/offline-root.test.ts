/** A root whose key is in a folder that the gate never sees: from its making to its successor. */
import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { Authority } from '../../../lib/ca/authority.ts';
import { parseAuthority } from '../../../lib/ca/authority-text.ts';
import { consultOfflineRoot, foundByOfflineRoot } from '../../../lib/ca/offline-root.ts';
import type { OfflineRequest } from '../../../lib/ca/offline-grant.ts';
import { RotationRunner } from '../../../lib/ca/rotation-runner.ts';
import { certificateBlocks } from '../../../lib/certificates/pem.ts';
import { authorityOptions, noClients, testPolicy } from '../../support/ca/test-authority.ts';
import { failureOf, runCommand } from '../../support/lab/command.ts';
import { machine } from '../../support/lab/place.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { dayMs, hostNames } from '../../support/test-certificates.ts';

const configuration = testPolicy();
const names = hostNames('hub.example.test');

describe('an offline root', function () {
  this.timeout(60_000);
  let scratch: TemporaryDirectory;
  let clock: ManualClock;
  let authority: Authority;
  let runner: RotationRunner;

  beforeEach(async () => {
    scratch = await TemporaryDirectory.create('offline');
    clock = new ManualClock();
  });
  afterEach(async () => {
    await runner.close();
    await scratch.close();
  });

  const folder = (name = 'stick') => authorityOptions(scratch.join(name), clock);
  const gate = () => authorityOptions(scratch.join('certs'), clock);
  const isOfflineRootKey = async (): Promise<boolean> => {
    const text = await readFile(scratch.join('certs', 'ca', 'authority.json'), 'utf8');
    return parseAuthority(text).roots.every(({ key }) => key.kind === 'offline');
  };

  async function open(first?: Parameters<typeof Authority.open>[0]['first']): Promise<void> {
    authority = await Authority.open({ ...gate(), ...(first && { first }) });
    const { logger } = gate();
    runner = new RotationRunner({ authority, configuration, evidence: noClients, clock, logger });
    await runner.look();
  }
  const begin = async (): Promise<void> => open(await foundByOfflineRoot(folder()));

  const consult = (request: OfflineRequest, name?: string): Promise<string> =>
    consultOfflineRoot(folder(name), { request, present: authority.roots() });
  const present = async (request: OfflineRequest, name?: string) =>
    runner.adopt(request, parseAuthority(await consult(request, name)));

  const states = (): string => authority.state.roots.map(({ state }) => state).join();
  const rootPems = (): string[] => certificateBlocks(authority.bundlePem());
  const chain = (): string => authority.issueLeaf(names, dayMs).chainPem;

  /** The time passes, and is believed. */
  async function pass(days: number): Promise<void> {
    clock.jump(days * dayMs);
    for (let look = 0; look < 4; look += 1) {
      await runner.look();
      clock.jump(dayMs / 48);
    }
    await runner.look();
  }

  async function verify(chainPem: string, rootPem: string): Promise<void> {
    await writeFile(scratch.join('chain.pem'), chainPem);
    await writeFile(scratch.join('root.pem'), rootPem);
    const at = String(Math.floor(clock.now().getTime() / 1_000));
    await runCommand(machine, [
      ...['openssl', 'verify', '-x509_strict', '-purpose', 'sslserver', '-attime', at],
      ...['-no-CApath', '-no-CAstore', '-CAfile', scratch.join('root.pem')],
      ...['-untrusted', scratch.join('chain.pem'), scratch.join('chain.pem')],
    ]);
  }

  it('leaves no key of a root at the gate, whose leaves openssl verifies', async () => {
    await begin();
    expect(await isOfflineRootKey()).to.equal(true);
    expect(certificateBlocks(chain())).to.have.length(2);
    await verify(chain(), authority.bundlePem());
    const [facts] = authority.roots();
    expect(facts?.isOffline).to.equal(true);
    expect(facts?.intermediate?.notAfter.getTime()).to.be.closeTo(
      clock.now().getTime() + 90 * dayMs,
      1_000,
    );
  });

  it('gives a new intermediate, under which leaves are due at once', async () => {
    await begin();
    const former = authority.leafIssuer(names)?.chainPem;
    let changes = 0;
    authority.onChange(() => (changes += 1));
    await pass(60);
    await present('renew');
    expect(authority.leafIssuer(names)?.chainPem).to.not.equal(former);
    expect([changes, authority.bundle().version]).to.deep.equal([1, 1]);
    await pass(80);
    await verify(chain(), authority.bundlePem());
    const previous = await readFile(scratch.join('certs', 'ca', 'authority.previous.json'), 'utf8');
    expect(previous).to.equal(
      await readFile(scratch.join('certs', 'ca', 'authority.json'), 'utf8'),
    );
  });

  it('signs nothing beyond the end of its intermediate, and again once it was presented', async () => {
    await begin();
    await pass(91);
    const { code } = await rejectionOf(Promise.resolve().then(chain));
    expect(code).to.equal('MIRRORGATE_CA_EXPIRED');
    await present('renew');
    await verify(chain(), authority.bundlePem());
  });

  it('is rotated by its folder alone: clients of the old and the new root verify meanwhile', async () => {
    await begin();
    expect((await rejectionOf(runner.rotate())).code).to.equal('MIRRORGATE_CA_OFFLINE');
    expect((await rejectionOf(runner.rotateAtOnce())).code).to.equal('MIRRORGATE_CA_OFFLINE');
    await present('rotate');
    expect(states()).to.equal('active,next');
    const [old = '', young = ''] = rootPems();
    await verify(chain(), old);
    await pass(31);
    expect(states()).to.equal('active,retiring');
    expect(certificateBlocks(chain())).to.have.length(3);
    for (const root of [old, young, old + young]) await verify(chain(), root);
    await pass(8);
    expect(states()).to.equal('active');
    await verify(chain(), young);
    await failureOf(verify(chain(), old));
    expect(await isOfflineRootKey()).to.equal(true);
    // The old root leaves the folder when it is there again.
    await present('renew');
    const stick = await readFile(scratch.join('stick', 'ca', 'authority.json'), 'utf8');
    expect(parseAuthority(stick).roots).to.have.length(1);
  });

  it('is wanted at 80 % of its life', async () => {
    await begin();
    await pass(293);
    expect(states()).to.equal('active');
    expect(runner.status()).to.deep.include({ waitsFor: 'root', cause: undefined });
  });

  it('begins anew where a rotation was cut off between the folder and the gate', async () => {
    await begin();
    await consult('rotate');
    expect(states()).to.equal('active');
    await present('rotate');
    expect(states()).to.equal('active,next');
    expect(rootPems()).to.have.length(2);
    await consult('emergency');
    const breakage = await present('emergency');
    expect(breakage?.isEndorsed).to.equal(true);
    expect([states(), await isOfflineRootKey()]).to.deep.equal(['active', true]);
    await verify(chain(), authority.bundlePem());
    await present('renew');
    await verify(chain(), authority.bundlePem());
  });

  it('keeps the root that comes where a rotation is asked for twice', async () => {
    await begin();
    await present('rotate');
    const { code } = await rejectionOf(present('rotate'));
    expect(code).to.equal('MIRRORGATE_CA_ROTATING');
    await pass(31);
    expect(states()).to.equal('active,retiring');
    await present('renew');
    await verify(chain(), authority.bundlePem());
    await consult('emergency');
    await present('renew');
    await pass(8);
    expect(states()).to.equal('active');
    await present('renew');
    await verify(chain(), authority.bundlePem());
  });

  it('does nothing by the folder of another CA, and leaves that as it was', async () => {
    await begin();
    await foundByOfflineRoot(folder('other'));
    const file = scratch.join('other', 'ca', 'authority.json');
    const before = await readFile(file, 'utf8');
    for (const request of ['renew', 'rotate', 'emergency'] as const) {
      expect((await rejectionOf(consult(request, 'other'))).code).to.equal('MIRRORGATE_CA_OFFLINE');
      expect((await rejectionOf(consult(request, 'none'))).code).to.equal('MIRRORGATE_CA_OFFLINE');
    }
    expect(await readFile(file, 'utf8')).to.equal(before);
  });

  it('takes the place of a root that is kept here, for clients that have both', async () => {
    await open();
    const [old = ''] = rootPems();
    await present('rotate');
    expect(states()).to.equal('active,next');
    const [, young = ''] = rootPems();
    expect(authority.roots()[1]?.endorsedBy).to.equal(authority.fingerprint());
    await verify(chain(), old);
    await pass(31);
    // The old root has no room for an intermediate in its chain.
    await failureOf(verify(chain(), old));
    await verify(chain(), young);
    await pass(8);
    expect([states(), await isOfflineRootKey()]).to.deep.equal(['active', true]);
  });

  it("gives an intermediate whose key lies under the gate's passphrase", async () => {
    const passphrase = Buffer.from('battery horse correct');
    const first = await foundByOfflineRoot(folder());
    const sealed = await Authority.open({ ...gate(), passphrase, first });
    const text = await readFile(scratch.join('certs', 'ca', 'authority.json'), 'utf8');
    expect(text).to.not.contain('PRIVATE');
    await verify(sealed.issueLeaf(names, dayMs).chainPem, sealed.bundlePem());
    expect((await rejectionOf(Authority.open(gate()))).code).to.equal('MIRRORGATE_CA_LOCKED');
    authority = await Authority.open({ ...gate(), passphrase });
    const { logger } = gate();
    runner = new RotationRunner({ authority, configuration, evidence: noClients, clock, logger });
    await present('renew');
    await verify(chain(), authority.bundlePem());
    await authority.changePassphrase(undefined);
    await open();
    await verify(chain(), authority.bundlePem());
  });

  it('may lie under a passphrase of its own', async () => {
    const passphrase = Buffer.from('correct horse battery');
    await open(await foundByOfflineRoot({ ...folder(), passphrase }));
    expect(await readFile(scratch.join('stick', 'ca', 'authority.json'), 'utf8')).to.not.contain(
      'PRIVATE',
    );
    expect((await rejectionOf(consult('renew'))).code).to.equal('MIRRORGATE_CA_LOCKED');
    const grant = await consultOfflineRoot(
      { ...folder(), passphrase },
      { request: 'renew', present: authority.roots() },
    );
    await runner.adopt('renew', parseAuthority(grant));
    await verify(chain(), authority.bundlePem());
  });
});
