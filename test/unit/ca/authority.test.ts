import {
  chmod,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { expect } from 'chai';
import type { AuthorityOptions } from '../../../lib/ca/authority-store.ts';
import { Authority } from '../../../lib/ca/authority.ts';
import { certificateFacts } from '../../../lib/certificates/certificate-facts.ts';
import { nameSubtree } from '../../../lib/config/scalars.ts';
import { temporaryPath } from '../../../lib/files/atomic-file.ts';
import { runCommand } from '../../support/lab/command.ts';
import { machine } from '../../support/lab/place.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { errorOf, rejectionOf } from '../../support/rejection.ts';
import { dayMs, hostNames, testStart } from '../../support/test-certificates.ts';

describe('Authority', () => {
  let top: TemporaryDirectory;
  let directory: string;
  let clock: ManualClock;
  let logger: ReturnType<typeof recordedLog>;

  beforeEach(async () => {
    top = await TemporaryDirectory.create('authority');
    directory = top.join('certs');
    clock = new ManualClock();
    logger = recordedLog();
  });
  afterEach(() => top.close());

  const current = (): string => join(directory, 'ca', 'authority.json');
  const previous = (): string => join(directory, 'ca', 'authority.previous.json');
  const bundle = (): string => join(directory, 'trust', 'bundle.pem');

  function options(...permitted: readonly string[]): AuthorityOptions {
    const written = permitted.length === 0 ? ['example.test', '192.0.2.0/24'] : permitted;
    return {
      directory,
      clock,
      logger,
      builtAt: new Date('2026-10-01T00:00:00Z'),
      configuration: {
        name: 'Test',
        permitted: written.map((text) => nameSubtree.parse(text)),
        leafLifetimeMs: 7 * dayMs,
        rootLifetimeMs: 365 * dayMs,
        overlapMs: 30 * dayMs,
        intermediateLifetimeMs: 90 * dayMs,
        evidenceWindowMs: 30 * dayMs,
      },
    };
  }

  it('makes its root on the first start and opens the same one afterwards', async () => {
    const first = await Authority.open(options());
    const second = await Authority.open(options());
    expect(second.fingerprint()).to.equal(first.fingerprint());
    expect(first.fingerprint()).to.match(/^[0-9a-f]{64}$/);
    expect(logger.entries.map(({ event }) => event)).to.deep.equal(['private CA made']);
  });

  it('keeps its keys to itself and publishes its bundle for all', async () => {
    const authority = await Authority.open(options());
    const mode = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
    expect(await mode(directory)).to.equal(0o700);
    expect(await mode(join(directory, 'ca'))).to.equal(0o700);
    expect(await mode(current())).to.equal(0o600);
    expect(await mode(previous())).to.equal(0o600);
    expect(await mode(bundle())).to.equal(0o644);
    const published = await readFile(bundle(), 'utf8');
    expect(published).to.equal(authority.bundlePem());
    expect(published).to.not.contain('PRIVATE');
    expect(new X509Certificate(published).raw).to.deep.equal(authority.activeRoot.raw);
  });

  it('publishes a bundle that was lost or changed once more', async () => {
    const authority = await Authority.open(options());
    await writeFile(bundle(), 'something else');
    await Authority.open(options());
    expect(await readFile(bundle(), 'utf8')).to.equal(authority.bundlePem());
  });

  it('signs on where its bundle cannot be written', async () => {
    await mkdir(join(directory, 'trust', 'bundle.pem'), { recursive: true });
    await chmod(directory, 0o700);
    const authority = await Authority.open(options());
    expect(logger.entries.map(({ event }) => event)).to.include('CA bundle not published');
    expect(authority.issueLeaf(hostNames('a.example.test'), dayMs)).to.have.keys(
      'chainPem',
      'privateKeyPem',
    );
  });

  it('is made once by sixteen openers at a time', async () => {
    const opened = await Promise.all(Array.from({ length: 16 }, () => Authority.open(options())));
    expect(new Set(opened.map((authority) => authority.fingerprint())).size).to.equal(1);
    expect((await readdir(join(directory, 'ca'))).sort()).to.deep.equal([
      'authority.json',
      'authority.previous.json',
    ]);
  });

  it('is made once by several processes at a time', async function () {
    this.timeout(30_000);
    const script = new URL('../../support/opening-process.ts', import.meta.url).pathname;
    const command = [process.execPath, '--import', 'tsx', script, directory];
    const printed = await Promise.all(
      Array.from({ length: 4 }, () => runCommand(machine, command)),
    );
    const authority = await Authority.openExisting(options());
    for (const { stdout } of printed) expect(stdout.trim()).to.equal(authority.fingerprint());
  });

  it('tells the facts of its roots', async () => {
    const authority = await Authority.open(options());
    const [facts, ...others] = authority.roots();
    expect(others).to.deep.equal([]);
    expect(facts).to.deep.include({
      state: 'active',
      fingerprint: authority.fingerprint(),
      notAfter: new Date(testStart.getTime() + 365 * dayMs),
      permitted: ['example.test', '192.0.2.0/24'],
    });
    expect(facts?.subject).to.match(/^CN=Test root 2026-11-01 /);
  });

  describe('opened for reading', () => {
    it('creates nothing where there is no CA', async () => {
      const error = await rejectionOf(Authority.openExisting(options()));
      expect(error.code).to.equal('MIRRORGATE_CA_ABSENT');
      expect(error.hint).to.be.a('string');
      expect(await readdir(top.path)).to.deep.equal([]);
    });

    it('has the bundle, the fingerprint and signs', async () => {
      const authority = await Authority.open(options());
      await rm(join(directory, 'trust'), { recursive: true });
      const read = await Authority.openExisting(options());
      expect(read.bundlePem()).to.equal(authority.bundlePem());
      expect(read.fingerprint()).to.equal(authority.fingerprint());
      read.issueLeaf(hostNames('a.example.test'), dayMs);
      expect(await readdir(directory)).to.deep.equal(['ca']);
    });
  });

  describe('permissions', () => {
    for (const [what, path, mode] of [
      ['its file', 'ca/authority.json', 0o640],
      ['the generation before', 'ca/authority.previous.json', 0o604],
      ['its folder', 'ca', 0o750],
      ['the top of the tree', '.', 0o755],
    ] as const) {
      it(`refuses to start while others can read ${what}`, async () => {
        await Authority.open(options());
        await chmod(join(directory, path), mode);
        const error = await rejectionOf(Authority.open(options()));
        expect(error.code).to.equal('MIRRORGATE_FILES_PERMISSIONS');
        expect(error.hint).to.contain('chmod');
      });
    }

    it('takes over an empty tree that came out of version control', async () => {
      await mkdir(directory, { mode: 0o755 });
      await writeFile(join(directory, '.gitignore'), '*\n');
      await Authority.open(options());
      expect((await stat(directory)).mode & 0o777).to.equal(0o700);
    });
  });

  describe('damage', () => {
    for (const [what, damage] of [
      ['cut', () => truncate(current(), 500)],
      ['emptied', () => truncate(current(), 0)],
      ['lost', () => rm(current())],
    ] as const) {
      it(`goes on with the generation before one that was ${what}, and says so`, async () => {
        const authority = await Authority.open(options());
        await damage();
        const again = await Authority.open(options());
        expect(again.fingerprint()).to.equal(authority.fingerprint());
        expect(logger.entries.at(-1)).to.deep.include({
          level: 'error',
          event: 'private CA damaged',
        });
      });
    }

    it('never makes another CA where both generations are damaged', async () => {
      await Authority.open(options());
      await truncate(current(), 500);
      await truncate(previous(), 500);
      const error = await rejectionOf(Authority.open(options()));
      expect(error.code).to.equal('MIRRORGATE_CA_DAMAGED');
      expect(error.hint).to.contain(current());
      expect((await stat(current())).size).to.equal(500);
    });

    it('removes keys that a crash left half-written, but not those of a moment ago', async () => {
      await Authority.open(options());
      const [old, young] = [temporaryPath(current()), temporaryPath(current())];
      for (const path of [old, young]) await writeFile(path, 'half a key');
      const now = clock.now().getTime() / 1000;
      await utimes(old, now - 3600, now - 3600);
      await utimes(young, now, now);
      await Authority.open(options());
      const names = (await readdir(join(directory, 'ca'))).map((name) =>
        join(directory, 'ca', name),
      );
      expect(names).to.include(young).and.not.include(old);
    });
  });

  describe('constraints', () => {
    it('refuse a configuration beyond the root', async () => {
      await Authority.open(options());
      const error = await rejectionOf(Authority.open(options('example.test', 'other.test')));
      expect(error.code).to.equal('MIRRORGATE_CA_CONSTRAINTS');
      expect(error.message).to.contain('other.test');
      expect(error.hint).to.contain('ca rotate');
    });

    it('let a narrower configuration open', async () => {
      await Authority.open(options());
      await Authority.open(options('hub.example.test', '192.0.2.7'));
    });

    it('refuse names outside at issue', async () => {
      const authority = await Authority.open(options());
      for (const name of ['other.test', 'badexample.test', '192.0.3.1', '2001:db8::1']) {
        const error = errorOf(() => authority.issueLeaf(hostNames('a.example.test', name), dayMs));
        expect(error.code).to.equal('MIRRORGATE_CA_CONSTRAINTS');
        expect(error.message).to.contain(name);
      }
    });

    it('must permit something', async () => {
      const nothing = { ...options().configuration, permitted: [] };
      const error = await rejectionOf(Authority.open({ ...options(), configuration: nothing }));
      expect(error.code).to.equal('MIRRORGATE_CA_CONSTRAINTS');
      expect(await readdir(join(directory, 'ca'))).to.deep.equal([]);
    });
  });

  describe('clock', () => {
    it('makes no root before the program was built', async () => {
      clock = new ManualClock(new Date('1970-01-01T00:00:10Z'));
      const error = await rejectionOf(Authority.open(options()));
      expect(error.code).to.equal('MIRRORGATE_CA_CLOCK');
      expect(await readdir(join(directory, 'ca'))).to.deep.equal([]);
    });

    it('signs nothing before its root begins, nor before the program was built', async () => {
      await Authority.open(options());
      for (const time of ['2026-10-31T22:59:59Z', '2026-09-30T00:00:00Z']) {
        clock = new ManualClock(new Date(time));
        const authority = await Authority.open(options());
        const error = errorOf(() => authority.issueLeaf(hostNames('a.example.test'), dayMs));
        expect(error.code).to.equal('MIRRORGATE_CA_CLOCK');
      }
    });

    it('signs nothing when its root has expired', async () => {
      const authority = await Authority.open(options());
      await clock.advance(365 * dayMs);
      const error = errorOf(() => authority.issueLeaf(hostNames('a.example.test'), dayMs));
      expect(error.code).to.equal('MIRRORGATE_CA_EXPIRED');
    });
  });

  it('issues leaves that end before its root does', async () => {
    const authority = await Authority.open(options());
    await clock.advance(364 * dayMs);
    const { chainPem } = authority.issueLeaf(hostNames('a.example.test'), 7 * dayMs);
    const facts = certificateFacts(new X509Certificate(chainPem));
    expect(facts.notAfter).to.deep.equal(authority.activeRoot.validToDate);
    expect(facts.names).to.deep.equal(['a.example.test']);
  });
});
