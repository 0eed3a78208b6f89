/** A year of a gate in seconds: certificates of many lives under one keeper. */
import { expect } from 'chai';
import { CertificateKeeper } from '../../../lib/certificates/certificate-keeper.ts';
import { checkCertifiedKey } from '../../../lib/certificates/certificate-facts.ts';
import type { Site } from '../../../lib/config/configuration.ts';
import { MirrorgateError } from '../../../lib/errors/mirrorgate-error.ts';
import { AcmeBench, acmeSites } from '../../support/acme/acme-bench.ts';
import { memoryCertificateStore } from '../../support/acme/memory-stores.ts';
import { scaled } from '../../support/scale.ts';
import { dayMs, hostNames } from '../../support/test-certificates.ts';

const hourMs = 3_600_000;
const lives = [90, 64, 45, 6] as const;

describe('a year of ACME certificates', function () {
  this.timeout(180_000);
  let bench: AcmeBench;
  let keeper: CertificateKeeper;
  let sites: readonly Site[];
  const store = memoryCertificateStore();

  beforeEach(() => {
    bench = new AcmeBench();
    store.held.clear();
  });
  afterEach(() => keeper.close());

  /** The days that a certificate for these names lives, which its name says. */
  const lifeOf = (names: readonly string[]): number =>
    Number(/-([0-9]+)\./.exec(names[0] ?? '')?.[1]) * dayMs;

  async function start(namesPerLife: number): Promise<void> {
    bench.ca.behaviour.lifetimeMs = lifeOf;
    sites = lives.flatMap((days) =>
      Array.from({ length: namesPerLife }, (_, index): Site => {
        const name = `s${index}-${days}`;
        return { name, hosts: hostNames(`${name}.example.test`), issuer: 'acme' };
      }),
    );
    bench.sites = acmeSites(sites.map(({ hosts }) => hosts));
    await run();
  }

  async function run(): Promise<void> {
    keeper = new CertificateKeeper({
      sites,
      issuers: new Map([['acme', bench.issuer()]]),
      store,
      clock: bench.clock,
      logger: bench.logger,
      maxWaitMs: 8 * hourMs,
      onChange: () => undefined,
    });
    await keeper.start();
  }

  /** Looks four times a day whether every site serves what is valid, and how much is on order. */
  async function live(days: number): Promise<void> {
    for (let quarter = 0; quarter < days * 4; quarter += 1) {
      await bench.clock.advance(dayMs / 4);
      const served = keeper.current();
      expect(served).to.have.length(sites.length);
      for (const { site, certifiedKey } of served) {
        checkCertifiedKey(certifiedKey, site.hosts, bench.clock.now());
      }
      const open = bench.ca.openOrders().map(({ identifiers }) => identifiers[0]?.value);
      expect(new Set(open).size).to.equal(open.length);
    }
  }

  /** For each site, when its certificates were ordered. */
  const orderTimes = (site: Site): number[] =>
    bench.ca.orders
      .filter(({ identifiers }) => identifiers[0]?.value === site.hosts[0])
      .map(({ at }) => at.getTime());

  function expectOneOrderPerPeriod(): void {
    for (const site of sites) {
      const lifeMs = lifeOf(site.hosts);
      const times = orderTimes(site);
      const gaps = times.slice(1).map((at, index) => (at - (times[index] ?? 0)) / lifeMs);
      for (const gap of gaps) expect(gap, site.name).to.be.within(0.44, 0.75);
    }
  }

  /** At most two of the sites that began together are renewed in one minute. */
  function expectSpread(): void {
    const minutes = sites.map((site) => Math.floor((orderTimes(site)[1] ?? 0) / 60_000));
    for (const minute of minutes) {
      expect(minutes.filter((other) => other === minute).length).to.be.at.most(2);
    }
  }

  it('renews each of its names once in its time, spread by the windows of the CA', async () => {
    // Twenty names in the long run.
    await start(Math.min(scaled(2), 5));
    await live(Math.min(scaled(100), 365));
    expectOneOrderPerPeriod();
    expectSpread();
    const replacing = bench.ca.orders.filter(({ replaces }) => replaces !== undefined);
    expect(replacing).to.have.length(bench.ca.orders.length - sites.length);
    expect(bench.logger.entries.filter(({ level }) => level !== 'info' && level !== 'debug')).to.be
      .empty;
    expect(bench.ca.accounts.size).to.equal(1);
  });

  it('does the same at a CA that has no plan for them', async () => {
    bench.ca.behaviour.directory = { hasRenewalInfo: false };
    await start(Math.min(scaled(1), 5));
    await live(Math.min(scaled(100), 365));
    expectOneOrderPerPeriod();
    expectSpread();
    expect(bench.ca.requests).to.not.include('renewalInfo');
  });

  it('lets nothing expire at a CA that fails every third request, over weekly restarts', async () => {
    const weeks = Math.min(scaled(8), 52);
    await start(Math.min(scaled(1), 5));
    bench.ca.behaviour.failure = (request) => {
      if (bench.random.below(3) > 0) return undefined;
      return request === 'order' ? bench.ca.problem('serverInternal', undefined, 500) : outage();
    };
    for (let week = 0; week < weeks; week += 1) {
      await live(7);
      await keeper.close();
      bench.restart();
      await run();
    }
    expect(bench.ca.accounts.size).to.equal(1);
    for (const site of sites) {
      const made = bench.ca.certificates.filter(({ subjectAltName }) =>
        subjectAltName?.includes(String(site.hosts[0])),
      );
      expect(made.length, site.name).to.be.at.most(
        1 + (weeks * 7) / (0.44 * (lifeOf(site.hosts) / dayMs)),
      );
    }
  });

  const outage = (): Error => new MirrorgateError('MIRRORGATE_ACME_UNREACHABLE', 'test outage');
});
