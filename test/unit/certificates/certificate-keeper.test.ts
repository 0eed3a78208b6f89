import { expect } from 'chai';
import {
  IssuanceDeferredError,
  SiteFailuresError,
} from '../../../lib/certificates/certificate-errors.ts';
import {
  CertificateKeeper,
  type CertificateStatus,
  type Issuers,
} from '../../../lib/certificates/certificate-keeper.ts';
import type { CertificateStore } from '../../../lib/certificates/certificate-store.ts';
import { parseChain } from '../../../lib/certificates/certificate-facts.ts';
import type { CertifiedKey, Issuer } from '../../../lib/certificates/issuer.ts';
import type { IssuerName, Site } from '../../../lib/config/configuration.ts';
import { MirrorgateError } from '../../../lib/errors/mirrorgate-error.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { rejectionOf } from '../../support/rejection.ts';
import {
  dayMs,
  hostNames,
  testCertifiedKey,
  testRoot,
  testStart,
} from '../../support/test-certificates.ts';

const root = testRoot();
const hourMs = 3_600_000;

/** Issues when it is let; counts what it is asked. */
class FakeIssuer implements Issuer {
  readonly #clock: ManualClock;
  lifetimeMs = 6 * dayMs;
  issued = 0;
  running = 0;
  mostRunning = 0;
  failure: Error | undefined;
  /** Where set, issue() waits for it. */
  gate: Promise<void> | undefined;
  /** What it finds due at once, whatever its age. */
  outdated: 'nothing' | 'held' | 'everything' = 'nothing';
  signal: AbortSignal | undefined;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  async issue(names: readonly string[], signal: AbortSignal): Promise<CertifiedKey> {
    this.issued += 1;
    this.running += 1;
    this.signal = signal;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    try {
      await this.gate;
      if (this.failure !== undefined) throw this.failure;
      if (this.outdated === 'held') this.outdated = 'nothing';
      return testCertifiedKey(names, { root, now: this.#clock.now(), lifetimeMs: this.lifetimeMs });
    } finally {
      this.running -= 1;
    }
  }

  dueAt(held: CertifiedKey): Promise<Date> {
    if (this.outdated !== 'nothing') return Promise.resolve(new Date(0));
    const [leaf] = parseChain(held.chainPem);
    return Promise.resolve(new Date(leaf.validToDate.getTime() - this.lifetimeMs / 3));
  }
}

class MemoryStore implements CertificateStore {
  readonly held = new Map<string, CertifiedKey>();
  failure: Error | undefined;

  load(site: string, issuer: IssuerName): Promise<CertifiedKey | undefined> {
    return Promise.resolve(this.held.get(`${site}/${issuer}`));
  }

  save(site: string, issuer: IssuerName, certifiedKey: CertifiedKey): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.held.set(`${site}/${issuer}`, certifiedKey);
    return Promise.resolve();
  }
}

const site = (name: string, ...hosts: readonly string[]): Site => ({
  name,
  hosts: hostNames(...(hosts.length === 0 ? [`${name}.example.test`] : hosts)),
  issuer: 'private-ca',
});

describe('CertificateKeeper', () => {
  let clock: ManualClock;
  let issuer: FakeIssuer;
  let store: MemoryStore;
  let logger: ReturnType<typeof recordedLog>;
  let announced: { readonly site: string; readonly certifiedKey: CertifiedKey }[];
  let keeper: CertificateKeeper;
  let sites: readonly Site[];

  beforeEach(() => {
    clock = new ManualClock();
    issuer = new FakeIssuer(clock);
    store = new MemoryStore();
    sites = [site('hub')];
    keeper = newKeeper();
  });
  afterEach(() => keeper.close());

  function newKeeper(): CertificateKeeper {
    logger = recordedLog();
    announced = [];
    return new CertificateKeeper({
      sites,
      issuers: issuers(),
      store,
      clock,
      logger,
      onChange: ({ name }, certifiedKey) => announced.push({ site: name, certifiedKey }),
    });
  }
  const issuers = (): Issuers => new Map([['private-ca', issuer]]);

  async function restart(next: readonly Site[]): Promise<void> {
    await keeper.close();
    sites = next;
    keeper = newKeeper();
  }

  /** Advances in steps, so that what a timer begins may end before the next one. */
  async function live(ms: number, stepMs = ms / 20): Promise<void> {
    for (let lived = 0; lived < ms; lived += stepMs) await clock.advance(stepMs);
  }

  function status(): CertificateStatus {
    const [first] = keeper.statuses();
    if (first === undefined) throw new TypeError('there is no site');
    return first;
  }
  const failure = (): MirrorgateError =>
    new MirrorgateError('MIRRORGATE_TEST', 'no luck', { hint: 'wait' });

  describe('at start', () => {
    it('issues for every site, stores it, and announces it after that', async () => {
      await restart([site('hub'), site('ghcr')]);
      await keeper.start();
      expect(issuer.issued).to.equal(2);
      expect(announced.map((entry) => entry.site)).to.have.members(['hub', 'ghcr']);
      for (const entry of announced) {
        expect(store.held.get(`${entry.site}/private-ca`)).to.equal(entry.certifiedKey);
      }
      expect(keeper.current().map((served) => served.certifiedKey)).to.have.members(
        announced.map((entry) => entry.certifiedKey),
      );
    });

    it('takes what is stored and asks nobody', async () => {
      await keeper.start();
      const before = keeper.current();
      await restart(sites);
      await keeper.start();
      expect(issuer.issued).to.equal(1);
      expect(keeper.current()).to.deep.equal(before);
      expect(announced).to.have.length(1);
    });

    it('replaces what is stored where it has expired or lacks a name', async () => {
      await keeper.start();
      await keeper.close();
      await clock.advance(7 * dayMs);
      await restart(sites);
      await keeper.start();
      expect(issuer.issued).to.equal(2);
      await restart([site('hub', 'hub.example.test', 'hub2.example.test')]);
      await keeper.start();
      expect(parseChain(keeper.current()[0]!.certifiedKey.chainPem)[0].subjectAltName).to.contain(
        'hub2',
      );
    });

    it('rejects naming each site without a certificate and why, and goes on trying', async () => {
      await restart([site('hub'), site('ghcr')]);
      issuer.failure = failure();
      const error = await rejectionOf(keeper.start());
      expect(error).to.be.instanceOf(SiteFailuresError);
      expect(error.code).to.equal('MIRRORGATE_CERTIFICATE_MISSING');
      expect(error.hint).to.equal('wait');
      expect((error as SiteFailuresError).failures).to.deep.equal(
        sites.map((failed) => ({ site: failed, error: issuer.failure })),
      );
      issuer.failure = undefined;
      await clock.advance(5_000);
      expect(keeper.current()).to.have.length(2);
    });

    it('resolves on a valid stored certificate though its issuer fails', async () => {
      await keeper.start();
      await keeper.close();
      await clock.advance(5 * dayMs);
      await restart(sites);
      issuer.failure = failure();
      await keeper.start();
      expect(keeper.current()).to.have.length(1);
      expect(status().lastError).to.equal('no luck');
    });

    it('rejects a certificate that does not cover the names, and does not store it', async () => {
      issuer.issue = () => Promise.resolve(testCertifiedKey(['other.example.test'], { root }));
      const error = await rejectionOf(keeper.start());
      expect((error as SiteFailuresError).failures[0]?.error).to.include({
        code: 'MIRRORGATE_CERTIFICATE_NAMES',
      });
      expect(store.held.size).to.equal(0);
    });

    it('rejects before it asks anybody where a site has no such issuer', async () => {
      await restart([site('hub'), { ...site('own'), issuer: 'files' }]);
      const error = await rejectionOf(keeper.start());
      expect(error.code).to.equal('MIRRORGATE_CERTIFICATE_NO_ISSUER');
      expect(issuer.issued).to.equal(0);
    });
  });

  describe('renewal', () => {
    for (const lifetimeMs of [45 * dayMs, 6 * dayMs, hourMs, 12_000]) {
      it(`replaces a certificate of ${lifetimeMs / 1000} s at two thirds of its life`, async () => {
        issuer.lifetimeMs = lifetimeMs;
        await keeper.start();
        await live((lifetimeMs * 2) / 3 - 1_000);
        expect(issuer.issued).to.equal(1);
        await clock.advance(1_000);
        expect(issuer.issued).to.equal(2);
        expect(announced).to.have.length(2);
        await live(lifetimeMs * 3);
        expect(issuer.issued).to.be.within(6, 7);
        expect(logger.entries.every(({ level }) => level === 'info')).to.equal(true);
      });
    }

    it('serves the old one while the new one fails, trying again until it succeeds', async () => {
      await keeper.start();
      const [before] = keeper.current();
      issuer.failure = failure();
      await live(5 * dayMs);
      expect(issuer.issued).to.be.greaterThan(10);
      expect(keeper.current()).to.deep.equal([before]);
      expect(status()).to.deep.include({ lastError: 'no luck' });
      issuer.failure = undefined;
      await clock.advance(hourMs);
      expect(keeper.current()).to.not.deep.equal([before]);
      expect(status().lastError).to.equal(undefined);
    });

    it('tries more often towards the end of a short life', async () => {
      issuer.lifetimeMs = 12_000;
      await keeper.start();
      issuer.failure = failure();
      await live(11_500, 250);
      expect(issuer.issued).to.be.at.least(4);
      issuer.failure = undefined;
      await live(5_000, 250);
      expect(status().lastError).to.equal(undefined);
    });

    it('leaves an issuer in peace until the time that it named', async () => {
      issuer.failure = new IssuanceDeferredError(
        'limited',
        new Date(testStart.getTime() + 1_800_000),
      );
      await rejectionOf(keeper.start());
      await live(1_790_000);
      expect(issuer.issued).to.equal(1);
      await clock.advance(10_000);
      expect(issuer.issued).to.equal(2);
    });

    it('gives up an issuer that hangs, and asks again later', async () => {
      issuer.gate = new Promise(() => undefined);
      const started = rejectionOf(keeper.start());
      await clock.advance(1);
      await clock.advance(600_000);
      expect(((await started) as SiteFailuresError).failures[0]?.error).to.include({
        code: 'MIRRORGATE_CERTIFICATE_DEADLINE',
      });
      expect(issuer.signal?.aborted).to.equal(true);
      issuer.gate = undefined;
      await clock.advance(5_000);
      expect(keeper.current()).to.have.length(1);
    });

    it('does not ask again and again an issuer whose fresh work is due', async () => {
      issuer.outdated = 'everything';
      await keeper.start();
      await live(dayMs);
      expect(issuer.issued).to.be.at.most(3);
      expect(logger.entries.map(({ event }) => event)).to.include('certificate due when issued');
    });

    it('orders nothing because the clock went back, and says that it is suspect', async () => {
      await keeper.start();
      const [before] = keeper.current();
      clock = new ManualClock(new Date(testStart.getTime() - 30 * dayMs));
      await restart(sites);
      await keeper.start();
      await live(2 * hourMs);
      expect(issuer.issued).to.equal(1);
      expect(keeper.current()).to.deep.equal([before]);
      expect(status().lastError).to.contain('valid only from');
    });
  });

  describe('with a disk that refuses', () => {
    it('announces nothing, and does not order a second time', async () => {
      store.failure = new Error('ENOSPC');
      await rejectionOf(keeper.start());
      await live(hourMs);
      expect(announced).to.deep.equal([]);
      expect(issuer.issued).to.equal(1);
      store.failure = undefined;
      await clock.advance(hourMs);
      expect(issuer.issued).to.equal(1);
      expect(announced).to.have.length(1);
    });
  });

  describe('check', () => {
    it('replaces at once what has become due, and nothing else', async () => {
      await keeper.start();
      await keeper.check();
      expect(issuer.issued).to.equal(1);
      issuer.outdated = 'held';
      await keeper.check();
      expect(issuer.issued).to.equal(2);
      expect(announced).to.have.length(2);
    });

    it('asks for one certificate of a site at a time, however often it is called', async () => {
      let open = (): void => undefined;
      issuer.gate = new Promise((resolve) => (open = resolve));
      const calls = [keeper.start(), ...Array.from({ length: 20 }, () => keeper.check())];
      await clock.advance(1);
      open();
      await Promise.all(calls);
      expect(issuer.mostRunning).to.equal(1);
      expect(issuer.issued).to.equal(1);
    });

    it('notices within the hour what nobody told it', async () => {
      await keeper.start();
      issuer.outdated = 'held';
      await clock.advance(hourMs);
      expect(issuer.issued).to.equal(2);
    });
  });

  describe('renew', () => {
    beforeEach(() => restart([site('hub'), site('ghcr')]));

    it('replaces what is not due, of one site or of all', async () => {
      await keeper.start();
      await keeper.renew('ghcr');
      expect(announced.map((entry) => entry.site).at(-1)).to.equal('ghcr');
      expect(issuer.issued).to.equal(3);
      await keeper.renew();
      expect(issuer.issued).to.equal(5);
    });

    it('rejects with the reason, and what was served still is', async () => {
      await keeper.start();
      const before = keeper.current();
      issuer.failure = failure();
      const error = await rejectionOf(keeper.renew('hub'));
      expect(error.code).to.equal('MIRRORGATE_CERTIFICATE_NOT_RENEWED');
      expect((error as SiteFailuresError).failures.map((failed) => failed.site.name)).to.deep.equal(
        ['hub'],
      );
      expect(keeper.current()).to.deep.equal(before);
    });

    it('rejects a site that there is not', async () => {
      await keeper.start();
      const error = await rejectionOf(keeper.renew('quay'));
      expect(error.code).to.equal('MIRRORGATE_CERTIFICATE_UNKNOWN_SITE');
      expect(error.hint).to.contain('hub').and.contain('ghcr');
    });
  });

  describe('update', () => {
    it('leaves sites alone that stay, ends those that go, and issues for new ones', async () => {
      await restart([site('hub'), site('ghcr')]);
      await keeper.start();
      const hub = keeper.current().find((served) => served.site.name === 'hub');
      await keeper.update([site('hub'), site('quay')], issuers());
      expect(issuer.issued).to.equal(3);
      const current = keeper.current();
      expect(current.map((served) => served.site.name)).to.have.members(['hub', 'quay']);
      expect(current.map((served) => served.certifiedKey)).to.include(hub?.certifiedKey);
      await live(4 * dayMs);
      expect(issuer.issued).to.equal(5);
    });

    it('serves the old certificate of a changed site until it has the new one', async () => {
      await keeper.start();
      const [before] = keeper.current();
      issuer.failure = failure();
      const changed = site('hub', 'hub.example.test', 'new.example.test');
      const error = await rejectionOf(keeper.update([changed], issuers()));
      expect(error.code).to.equal('MIRRORGATE_CERTIFICATE_MISSING');
      expect(keeper.current()[0]?.certifiedKey).to.equal(before?.certifiedKey);
      expect(keeper.current()[0]?.site).to.equal(changed);
      issuer.failure = undefined;
      await clock.advance(5_000);
      expect(keeper.current()[0]?.certifiedKey).to.not.equal(before?.certifiedKey);
    });

    it('finds again what an earlier issuer of the site made', async () => {
      await keeper.start();
      const [before] = keeper.current();
      const other = new FakeIssuer(clock);
      const both: Issuers = new Map<IssuerName, Issuer>([...issuers(), ['acme', other]]);
      await keeper.update([{ ...site('hub'), issuer: 'acme' }], both);
      expect(other.issued).to.equal(1);
      expect(announced).to.have.length(2);
      await keeper.update(sites, both);
      expect(issuer.issued).to.equal(1);
      expect(keeper.current()).to.deep.equal([before]);
    });

    it('asks the new issuer for a site that did not change', async () => {
      await keeper.start();
      const other = new FakeIssuer(clock);
      other.outdated = 'held';
      await keeper.update(sites, new Map([['private-ca', other]]));
      expect([issuer.issued, other.issued]).to.deep.equal([1, 1]);
    });

    it('aborts the attempt for a site that changed, and announces nothing of it', async () => {
      let open = (): void => undefined;
      issuer.gate = new Promise((resolve) => (open = resolve));
      const started = keeper.start();
      await clock.advance(1);
      const aborted = issuer.signal;
      issuer.gate = undefined;
      const changed = site('hub', 'new.example.test');
      await keeper.update([changed], issuers());
      open();
      await started;
      expect(aborted?.aborted).to.equal(true);
      expect(announced).to.have.length(1);
      expect(keeper.current()).to.have.length(1);
    });

    it('changes nothing where an issuer is missing', async () => {
      await keeper.start();
      const own: Site = { ...site('own'), issuer: 'files' };
      const error = await rejectionOf(keeper.update([own], issuers()));
      expect(error.code).to.equal('MIRRORGATE_CERTIFICATE_NO_ISSUER');
      expect(keeper.current().map((served) => served.site)).to.deep.equal(sites);
    });
  });

  describe('statuses', () => {
    it('tell what is served and when it is looked at again', async () => {
      await keeper.start();
      const [leaf] = parseChain(keeper.current()[0]?.certifiedKey.chainPem ?? '');
      expect(status()).to.deep.equal({
        site: 'hub',
        names: ['hub.example.test'],
        issuer: 'private-ca',
        issuedBy: root.certificate.subject,
        serial: leaf.serialNumber.toLowerCase(),
        notBefore: new Date(testStart.getTime() - hourMs),
        notAfter: new Date(testStart.getTime() + 6 * dayMs),
        dueAt: new Date(testStart.getTime() + 4 * dayMs),
        nextCheckAt: new Date(testStart.getTime() + hourMs),
        lastError: undefined,
      });
    });

    it('tell of a site that has nothing yet', async () => {
      issuer.failure = failure();
      await rejectionOf(keeper.start());
      expect(status()).to.deep.include({
        serial: undefined,
        notAfter: undefined,
        dueAt: undefined,
        nextCheckAt: new Date(testStart.getTime() + 5_000),
        lastError: 'no luck',
      });
    });
  });

  describe('close', () => {
    it('aborts what runs, announces nothing afterwards, and leaves no timer', async () => {
      let open = (): void => undefined;
      issuer.gate = new Promise((resolve) => (open = resolve));
      const started = keeper.start().catch((error: unknown) => error);
      await clock.advance(1);
      await keeper.close();
      expect(issuer.signal?.aborted).to.equal(true);
      open();
      expect(await started).to.be.instanceOf(SiteFailuresError);
      expect(announced).to.deep.equal([]);
      expect(clock.nextTimerAt()).to.equal(undefined);
      await keeper.close();
    });
  });
});
