/** What every {@link Issuer} keeps to, whichever way it comes by its certificates. */
import { expect } from 'chai';
import {
  certificateFacts,
  checkCertifiedKey,
  parseChain,
} from '../../lib/certificates/certificate-facts.ts';
import type { Issuer } from '../../lib/certificates/issuer.ts';
import type { HostName } from '../../lib/net/host-name.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { rejectionOf } from '../support/rejection.ts';
import { hostNames, testCertifiedKey } from '../support/test-certificates.ts';

export interface IssuerSetup {
  readonly issuer: Issuer;
  readonly clock: Clock;
  /** DNS names and addresses that it has certificates for. */
  readonly names: readonly HostName[];
  /** Makes it replace what it has given out, as a new root or a new file does. */
  turnOver(): Promise<void>;
  /** Whether it can tell the work of others from its own that it has no memory of; true unless told. */
  readonly knowsItsOwn?: boolean;
  close(): Promise<void>;
}

const unserved = hostNames('registry.unserved.test');

export function describeIssuer(name: string, setUp: () => Promise<IssuerSetup>): void {
  describe(`issuer: ${name}`, () => {
    let setup: IssuerSetup;
    const { signal } = new AbortController();

    beforeEach(async () => {
      setup = await setUp();
    });
    afterEach(() => setup.close());

    it('issues a key with a certificate for all names that is valid now', async () => {
      const { issuer, names, clock } = setup;
      const certifiedKey = await issuer.issue(names, signal);
      checkCertifiedKey(certifiedKey, names, clock.now());
    });

    it('gives a chain that begins with the leaf and leaves the root out', async () => {
      const { issuer, names } = setup;
      const chain = parseChain((await issuer.issue(names, signal)).chainPem);
      expect(chain[0].ca).to.equal(false);
      for (const certificate of chain) {
        expect(certificate.verify(certificate.publicKey)).to.equal(false);
      }
    });

    it('finds what it has just issued due later, but before it ends', async () => {
      const { issuer, names, clock } = setup;
      const certifiedKey = await issuer.issue(names, signal);
      const dueAt = await issuer.dueAt(certifiedKey, names);
      const { notAfter } = certificateFacts(parseChain(certifiedKey.chainPem)[0]);
      expect(dueAt).to.be.greaterThan(clock.now());
      expect(dueAt).to.be.at.most(notAfter);
    });

    it('does not mind the order of the names', async () => {
      const { issuer, names, clock } = setup;
      const certifiedKey = await issuer.issue(names, signal);
      const dueAt = await issuer.dueAt(certifiedKey, names.toReversed());
      expect(dueAt).to.be.greaterThan(clock.now());
    });

    it('finds the work of another issuer due at once', async function () {
      if (setup.knowsItsOwn === false) {
        console.warn('      skipped, this issuer has no record by which to know its own work');
        this.skip();
      }
      const { issuer, names, clock } = setup;
      const foreign = testCertifiedKey(names, { now: clock.now() });
      expect(await issuer.dueAt(foreign, names)).to.be.at.most(clock.now());
    });

    it('finds its own work due at once after a turn-over, and then issues another', async () => {
      const { issuer, names, clock } = setup;
      const before = await issuer.issue(names, signal);
      await setup.turnOver();
      expect(await issuer.dueAt(before, names)).to.be.at.most(clock.now());
      const after = await issuer.issue(names, signal);
      expect(after).to.not.deep.equal(before);
      expect(await issuer.dueAt(after, names)).to.be.greaterThan(clock.now());
    });

    it('rejects names that it has no certificate for, naming them and the way out', async () => {
      const error = await rejectionOf(setup.issuer.issue(unserved, signal));
      expect(error.message).to.contain(unserved[0]);
      expect(error.hint).to.be.a('string');
    });

    it('rejects at once where it was aborted', async () => {
      const reason = new Error('closing');
      const outcome = setup.issuer.issue(setup.names, AbortSignal.abort(reason));
      expect(await outcome.catch((error: unknown) => error)).to.equal(reason);
    });
  });
}
