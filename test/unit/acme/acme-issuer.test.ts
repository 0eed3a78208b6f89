import { expect } from 'chai';
import { IssuanceDeferredError } from '../../../lib/certificates/certificate-errors.ts';
import { checkCertifiedKey } from '../../../lib/certificates/certificate-facts.ts';
import { MirrorgateError } from '../../../lib/errors/mirrorgate-error.ts';
import { AcmeBench, acmeSites } from '../../support/acme/acme-bench.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { dayMs, hostNames } from '../../support/test-certificates.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

describe('acmeIssuer', () => {
  let bench: AcmeBench;

  beforeEach(() => {
    bench = new AcmeBench();
  });

  const deferral = async (isForced = false): Promise<IssuanceDeferredError> => {
    const error = await rejectionOf(bench.issue({ isForced }));
    if (error instanceof IssuanceDeferredError) return error;
    throw error;
  };
  const orders = (): number => bench.ca.orders.length;
  /** How long the issuer wants to be left alone, in minutes. */
  const waitMinutes = ({ retryAt }: IssuanceDeferredError): number =>
    (retryAt.getTime() - bench.clock.now().getTime()) / minuteMs;

  it('orders nothing for names that are not a configured site', async () => {
    const { signal } = new AbortController();
    for (const names of [hostNames('evil.test'), hostNames('hub.example.test', 'evil.test'), []]) {
      const error = await rejectionOf(bench.issuer().issue(names, signal));
      expect(error.code).to.equal('MIRRORGATE_ACME_UNLISTED');
    }
    expect(bench.ca.requests).to.be.empty;
  });

  it('has one order for callers that come together', async () => {
    const all = await Promise.all([bench.issue(), bench.issue(), bench.issue()]);
    expect(new Set(all.map(({ chainPem }) => chainPem)).size).to.equal(1);
    expect(orders()).to.equal(1);
    expect(bench.responder.standing).to.be.empty;
  });

  it('gives what was issued before a crash lost it to the caller', async () => {
    const issued = await bench.issue();
    bench.restart();
    expect(await bench.issue()).to.deep.equal(issued);
    expect(orders()).to.equal(1);
  });

  it('takes an order up again that a crash left, with the key that it was for', async () => {
    let isBroken = true;
    bench.ca.behaviour.failure = (request) =>
      request === 'certificate' && isBroken ? bench.ca.problem('serverInternal') : undefined;
    await deferral();
    bench.restart();
    isBroken = false;
    checkCertifiedKey(await bench.issue({ isForced: true }), bench.hosts, bench.clock.now());
    expect(orders()).to.equal(1);
  });

  it('waits 1, 10 and 100 minutes after failures, then a day, over restarts', async () => {
    bench.ca.behaviour.failure = (request) =>
      request === 'placeOrder' ? bench.ca.problem('unauthorized') : undefined;
    for (const minutes of [1, 10, 100, 24 * 60, 24 * 60]) {
      const error = await deferral();
      expect(waitMinutes(error)).to.be.within(minutes, minutes * 1.1);
      bench.restart();
      const asked = bench.ca.requests.length;
      expect((await deferral()).retryAt).to.deep.equal(error.retryAt);
      expect(bench.ca.requests).to.have.length(asked);
      bench.clock.jump(error.retryAt.getTime() - bench.clock.now().getTime());
    }
  });

  it('fails no more than three authorizations an hour, and rehearses at staging after two', async () => {
    const staging = bench.addStaging();
    for (const ca of [bench.ca, staging]) for (const kind of kinds) ca.unseen.add(kind);
    for (let hour = 0; hour < 48; hour += 1) {
      for (let minute = 0; minute < 60; minute += 1) {
        await deferral();
        bench.clock.jump(minuteMs);
      }
    }
    const times = bench.ca.failedValidations.map((at) => at.getTime());
    const perHour = times.map((at) => times.filter((to) => to >= at && to < at + hourMs).length);
    expect(Math.max(...perHour)).to.be.at.most(3);
    expect(times).to.have.length(2);
    expect(staging.failedValidations).to.have.length.greaterThan(1);

    for (const ca of [bench.ca, staging]) ca.unseen.clear();
    checkCertifiedKey(await bench.issue({ isForced: true }), bench.hosts, bench.clock.now());
    expect(staging.certificates).to.be.empty;
  });

  it('fails no more than three an hour though an operator asks for more, over restarts', async () => {
    for (const kind of kinds) bench.ca.unseen.add(kind);
    for (let minute = 0; minute < 180; minute += 1) {
      const error = await deferral(true);
      if (minute % 60 === 3) {
        expect(error.message).to.contain('three validations failed within an hour');
        expect(waitMinutes(error)).to.equal(57);
      }
      if (minute % 7 === 0) bench.restart();
      bench.clock.jump(minuteMs);
    }
    const times = bench.ca.failedValidations.map((at) => at.getTime());
    const perHour = times.map((at) => times.filter((to) => to >= at && to < at + hourMs).length);
    expect(Math.max(...perHour)).to.equal(3);
    expect(times).to.have.length(9);

    bench.ca.unseen.clear();
    checkCertifiedKey(await bench.issue({ isForced: true }), bench.hosts, bench.clock.now());
  });

  const kinds = ['http-01', 'tls-alpn-01'] as const;

  it('tries the other kind of challenge after one has failed, and keeps to what works', async () => {
    bench.ca.unseen.add('http-01');
    await deferral();
    await bench.issue({ isForced: true });
    expect(bench.responder.presented.map(({ kind }) => kind)).to.deep.equal([
      'http-01',
      'tls-alpn-01',
    ]);
    expect((await bench.record()).challenge).to.equal('tls-alpn-01');
  });

  it('asks a CA that limits it no earlier than it said, whoever asks', async () => {
    const retryAt = new Date(bench.clock.now().getTime() + 7 * hourMs);
    bench.ca.behaviour.failure = (request) =>
      request === 'placeOrder' ? bench.ca.problem('rateLimited', retryAt, 429) : undefined;
    expect((await deferral()).retryAt).to.deep.equal(retryAt);
    const asked = bench.ca.requests.length;
    bench.restart();
    expect((await deferral(true)).retryAt).to.deep.equal(retryAt);
    expect(bench.ca.requests).to.have.length(asked);
    bench.ca.behaviour.failure = () => undefined;
    bench.clock.jump(7 * hourMs + 1);
    await bench.issue();
  });

  it('asks the next CA where one refuses, and not where the host is at fault', async () => {
    const second = bench.addCa('second');
    bench.ca.behaviour.failure = (request) =>
      request === 'placeOrder' ? bench.ca.problem('rejectedIdentifier') : undefined;
    await bench.issue();
    expect((await bench.record()).issued?.directory).to.equal(second.url);

    const other = new AcmeBench();
    const untouched = other.addCa('second');
    for (const kind of kinds) other.ca.unseen.add(kind);
    expect((await rejectionOf(other.issue())).code).to.equal('MIRRORGATE_CERTIFICATE_DEFERRED');
    expect(untouched.requests).to.be.empty;
  });

  it('gives the certificate though the disk refuses to remember it', async () => {
    bench.ca.behaviour.failure = (request) => {
      if (request === 'certificate') bench.store.failure = new Error('ENOSPC');
      return undefined;
    };
    const issued = await bench.issue();
    checkCertifiedKey(issued, bench.hosts, bench.clock.now());
    expect(await bench.issue()).to.deep.equal(issued);
    expect(bench.logger.entries.map(({ event }) => event)).to.include('ACME record not kept');
  });

  it('opens no order that the disk would not remember', async () => {
    bench.store.failure = new MirrorgateError('MIRRORGATE_ACME_STORE', 'the disk is full');
    expect((await deferral()).message).to.contain('the disk is full');
    expect(orders()).to.equal(0);
  });

  it('orders nothing by a clock that is days off', async () => {
    for (const clockSkewMs of [-3 * dayMs, 3 * dayMs]) {
      bench.ca.behaviour.directory = { clockSkewMs };
      const error = await deferral(true);
      expect((error.cause as MirrorgateError).code).to.equal('MIRRORGATE_ACME_CLOCK');
    }
    expect(orders()).to.equal(0);
  });

  it('registers nowhere without a word on the terms, or an account that is asked for', async () => {
    bench.cas = [{ ...bench.cas[0], agreesToTerms: false }];
    expect((await deferral()).message).to.contain('terms');
    bench.cas = [{ ...bench.cas[0], agreesToTerms: true }];
    bench.ca.behaviour.directory = { needsExternalAccount: true };
    expect((await deferral(true)).hint).to.contain('externalAccount');
    expect(bench.ca.accounts.size).to.equal(0);
  });

  it('registers once, and again where the CA has forgotten the account', async () => {
    await bench.issue();
    bench.restart();
    bench.ca.accounts.clear();
    await bench.issue({ replacing: await bench.issue() });
    expect(bench.ca.requests.filter((request) => request === 'register')).to.have.length(2);
  });

  it('asks for a profile that the CA has, and for the one of addresses by itself', async () => {
    const profiles = { classic: '', shortlived: '' };
    bench.ca.behaviour.directory = { profiles };
    bench.cas = [{ ...bench.cas[0], profile: 'tlsserver' }];
    const error = await deferral();
    expect(error.hint).to.contain('classic, shortlived');
    bench.cas = [{ ...bench.cas[0], profile: undefined }];
    bench.sites = acmeSites([hostNames('192.0.2.7')]);
    await bench.issue();
    expect(bench.ca.orders.map(({ profile }) => profile)).to.deep.equal(['shortlived']);
  });

  it('names what it replaces, and goes without where the CA minds', async () => {
    const first = await bench.issue();
    await bench.issue({ replacing: first });
    expect(bench.ca.orders[1]?.replaces).to.match(/^[\w-]+\.[\w-]+$/);
    let isMinding = true;
    bench.ca.behaviour.failure = (request) => {
      if (request !== 'placeOrder' || !isMinding) return undefined;
      isMinding = false;
      return bench.ca.problem('alreadyReplaced', undefined, 409);
    };
    await bench.issue({ replacing: first, isForced: true });
    expect(bench.ca.orders[2]?.replaces).to.equal(undefined);
  });

  it('tells what is to come', async () => {
    const held = await bench.issue();
    const dueAt = await bench.dueAt(held);
    const outlook = await bench.issuer().outlook?.(bench.hosts);
    expect(outlook?.ca).to.equal(bench.ca.url);
    expect(outlook?.hasOpenOrder).to.equal(false);
    expect(dueAt).to.be.within(
      outlook?.window?.start ?? new Date(NaN),
      outlook?.window?.end ?? dueAt,
    );
    bench.ca.behaviour.failure = (request) =>
      request === 'placeOrder' ? bench.ca.problem('rejectedIdentifier') : undefined;
    const { retryAt } = (await rejectionOf(
      bench.issue({ replacing: held }),
    )) as IssuanceDeferredError;
    expect(await bench.issuer().outlook?.(bench.hosts)).to.deep.include({
      failures: 1,
      nextAttemptAt: retryAt,
    });
  });
});
