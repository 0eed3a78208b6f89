/**
 * A real CA at its worst: half of the nonces rejected, slow validation, reused authorizations, and
 * an issuer that dies in the midst of orders. Long runs: `npm run soak:acme`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { acmeFiles as AcmeFiles } from '../../../lib/acme/acme-files.ts';
import type { acmeIssuer as AcmeIssuer } from '../../../lib/acme/acme-issuer.ts';
import type { AcmeState as AcmeStateClass } from '../../../lib/acme/acme-state.ts';
import { checkCertifiedKey } from '../../../lib/certificates/certificate-facts.ts';
import type { CertifiedKey, Issuer } from '../../../lib/certificates/issuer.ts';
import type { HostName } from '../../../lib/net/host-name.ts';
import { systemClock, type Clock } from '../../../lib/time/clock.ts';
import { acmeCa, acmeSites } from '../../support/acme/acme-bench.ts';
import { NameServer } from '../../support/acme/name-server.ts';
import { Pebble } from '../../support/acme/pebble.ts';
import { TestResponder } from '../../support/acme/test-responder.ts';
import { requireParts } from '../../support/lab/lab-availability.ts';
import { OpenParts } from '../../support/lab/open-parts.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { scaled } from '../../support/scale.ts';
import { SeededRandom } from '../../support/edge/seeded-random.ts';
import { hostNames } from '../../support/test-certificates.ts';

/** Seconds that the CA takes at most before it looks, where nobody dies; 15 in the long run. */
const sleepSeconds = Math.min(scaled(1), 15);
/** Pebble looks at three at a time, and takes no order while seven wait. */
const sleepSecondsOfDeaths = Math.min(scaled(1), 2);

describe('an ACME issuer at a CA at its worst', function () {
  this.timeout(600_000);
  const parts = new OpenParts();
  let pebble: Pebble;
  let responder: TestResponder;
  let directory: TemporaryDirectory;
  let acmeFiles: typeof AcmeFiles;
  let acmeIssuer: typeof AcmeIssuer;
  let AcmeState: typeof AcmeStateClass;
  let hoursAhead = 0;
  const clock: Clock = {
    now: () => new Date(Date.now() + hoursAhead * 3_600_000),
    after: (delayMs, callback) => systemClock.after(delayMs, callback),
  };

  before(async function () {
    await requireParts(this, 'pebble');
    // As the issuer loads its sessions: tsx would give what is imported statically errors of another
    // make than theirs, and nothing would know its own by instanceof.
    ({ acmeFiles } = await import('../../../lib/acme/acme-files.ts'));
    ({ acmeIssuer } = await import('../../../lib/acme/acme-issuer.ts'));
    ({ AcmeState } = await import('../../../lib/acme/acme-state.ts'));
  });
  afterEach(async () => {
    hoursAhead = 0;
    await parts.close();
  });

  async function start(reuse: '0' | '100', sleep = sleepSeconds): Promise<void> {
    const names = await parts.add(NameServer.start());
    responder = await parts.add(TestResponder.start());
    directory = await parts.add(TemporaryDirectory.create('chaos'));
    pebble = await parts.add(
      Pebble.start({
        ...{ httpPort: responder.httpPort, tlsPort: responder.tlsPort, nameServer: names.address },
        environment: {
          PEBBLE_WFE_NONCEREJECT: '50',
          PEBBLE_AUTHZREUSE: reuse,
          PEBBLE_VA_NOSLEEP: '0',
          PEBBLE_VA_SLEEPTIME: String(sleep),
        },
      }),
    );
  }

  /** As a process finds it that starts on the same disk. */
  function issuer(sites: readonly (readonly HostName[])[]): Issuer {
    const logger = recordedLog();
    // The times of files are those of the machine.
    const files = { directory: directory.join('certs'), clock: systemClock, logger };
    const store = acmeFiles(files);
    return acmeIssuer({
      cas: [acmeCa(pebble.directoryUrl, { rootsPem: pebble.rootsPem })],
      sites: acmeSites(sites),
      keyType: 'p256',
      responders: new Map([
        ['http-01', responder],
        ['tls-alpn-01', responder],
      ]),
      state: new AcmeState(store),
      ...{ clock, logger },
    });
  }

  const orders = (): number => pebble.log.filter((line) => line.includes('Added order')).length;
  const hostsNumbered = (count: number): HostName[][] =>
    Array.from({ length: count }, (_, index) => hostNames(`h${index}.example.test`));

  for (const reuse of ['0', '100'] as const) {
    it(`has all names certified by one order each, authorizations reused: ${reuse} %`, async () => {
      await start(reuse);
      // 150 in the long run.
      const sites = hostsNumbered(Math.min(scaled(8), 150));
      const { signal } = new AbortController();
      const at = issuer(sites);
      const all = await Promise.all(sites.map((hosts) => at.issue(hosts, signal)));
      for (const [index, held] of all.entries()) {
        checkCertifiedKey(held, sites[index] ?? [], new Date());
      }
      expect(orders()).to.equal(sites.length);
      expect(responder.standing).to.equal(0);
      await Promise.all(sites.map((hosts) => issuer(sites).issue(hosts, signal)));
      expect(orders()).to.equal(sites.length);
    });
  }

  it('ends with a certificate and no second order alive, however often it dies', async () => {
    await start('0', sleepSecondsOfDeaths);
    const random = SeededRandom.announced('deaths in the midst of orders');
    const sites = hostsNumbered(4);
    const deaths = Math.min(scaled(5), 100);
    for (let death = 0; death < deaths; death += 1) {
      const dying = new AbortController();
      const at = issuer(sites);
      const running = Promise.allSettled(
        sites.map((hosts) => at.issue(hosts, dying.signal, { isForced: true })),
      );
      await delay(random.below(400));
      dying.abort();
      // After three failed validations, which deaths lead to, a name waits for an hour to be over.
      if ((await running).some(isDeferred)) hoursAhead += 1;
    }
    hoursAhead += 1;
    const { signal } = new AbortController();
    const all: CertifiedKey[] = [];
    for (const hosts of sites) {
      // One that the CA has judged while nobody answered is dead; the next one is allowed to be.
      const again = (): Promise<CertifiedKey> =>
        issuer(sites).issue(hosts, signal, { isForced: true });
      all.push(await again().catch(again));
    }
    for (const [index, held] of all.entries()) {
      checkCertifiedKey(held, sites[index] ?? [], new Date());
    }
    const before = orders();
    expect(before).to.be.at.most(sites.length + deaths);
    // Each order but the last fails at most one validation of its name: three an hour.
    expect(before).to.be.at.most(sites.length * (3 * hoursAhead + 1));
    for (const hosts of sites) await issuer(sites).issue(hosts, signal);
    expect(orders()).to.equal(before);
    console.log(`      ${deaths} deaths, ${sites.length} names, ${before} orders`);
  });
});

function isDeferred(result: PromiseSettledResult<unknown>): boolean {
  if (result.status === 'fulfilled') return false;
  const { code, message } = result.reason as { readonly code?: string; readonly message?: string };
  return code === 'MIRRORGATE_CERTIFICATE_DEFERRED' && message?.includes('within an hour') === true;
}
