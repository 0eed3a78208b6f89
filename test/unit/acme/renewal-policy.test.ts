import { expect } from 'chai';
import { backOffMs } from '../../../lib/acme/back-off.ts';
import { planFrom, planWithout, tryCertificateId } from '../../../lib/acme/renewal-info.ts';
import { renewalInstant } from '../../../lib/acme/renewal-policy.ts';
import { certificateFacts, parseChain } from '../../../lib/certificates/certificate-facts.ts';
import { AcmeBench } from '../../support/acme/acme-bench.ts';
import { dayMs, testCertifiedKey, testStart } from '../../support/test-certificates.ts';

const hourMs = 3_600_000;

function lived(days: number, fingerprint: string) {
  const notAfter = new Date(testStart.getTime() + days * dayMs);
  return { notBefore: testStart, notAfter, fingerprint };
}

const shareLeft = (days: number, instant: Date): number =>
  1 - (instant.getTime() - testStart.getTime()) / (days * dayMs);

describe('renewalInstant', () => {
  it('is at a third of the life left, at the half in a short one, spread by a twentieth', () => {
    for (const [days, left] of [
      [90, 1 / 3],
      [64, 1 / 3],
      [45, 1 / 3],
      [6, 1 / 2],
    ] as const) {
      const [first, last] = ['00000000', 'ffffffff'].map((fingerprint) =>
        shareLeft(days, renewalInstant(lived(days, fingerprint), undefined)),
      );
      expect(first).to.be.closeTo(left, 1e-9);
      expect(last).to.be.closeTo(left + 1 / 20, 1e-9);
    }
  });

  it('is when the CA says, and never with less than a twentieth left', () => {
    const validity = lived(90, '00000000');
    const planned = new Date(testStart.getTime() + 10 * dayMs);
    expect(renewalInstant(validity, planned)).to.deep.equal(planned);
    const late = renewalInstant(validity, new Date(testStart.getTime() + 100 * dayMs));
    expect(shareLeft(90, late)).to.be.closeTo(1 / 20, 1e-9);
  });
});

describe('planFrom', () => {
  const options = { certificateId: 'a.b', lifetimeMs: 90 * dayMs, now: testStart, random: 0.5 };
  const window = (fromDays: number, toDays: number) => ({
    start: new Date(testStart.getTime() + fromDays * dayMs),
    end: new Date(testStart.getTime() + toDays * dayMs),
    explanationUrl: undefined,
    retryAt: undefined,
  });

  it('chooses an instant in the window, and keeps to it while the window has it', () => {
    const plan = planFrom(window(60, 62), undefined, options);
    expect(plan.renewAt).to.deep.equal(new Date(testStart.getTime() + 61 * dayMs));
    const again = planFrom(window(60.5, 62), plan, { ...options, random: 0 });
    expect(again.renewAt).to.deep.equal(plan.renewAt);
    const moved = planFrom(window(-2, -1), plan, { ...options, random: 0 });
    expect(moved.renewAt).to.deep.equal(new Date(testStart.getTime() - 2 * dayMs));
    const other = { ...options, certificateId: 'c.d', random: 0 };
    expect(planFrom(window(60, 62), plan, other).renewAt).to.not.deep.equal(plan.renewAt);
  });

  it('has no instant where the window ends before it starts', () => {
    expect(planFrom(window(62, 60), undefined, options).renewAt).to.equal(undefined);
  });

  it('asks again twice a day, later where the CA says so, and within a day', () => {
    const polledAfter = (retryHours?: number): number => {
      const retryAt =
        retryHours === undefined ? undefined : new Date(testStart.getTime() + retryHours * hourMs);
      const { nextPollAt } = planFrom({ ...window(60, 62), retryAt }, undefined, options);
      return (nextPollAt.getTime() - testStart.getTime()) / hourMs;
    };
    expect([polledAfter(), polledAfter(6), polledAfter(20), polledAfter(1_000)]).to.deep.equal([
      ...[12, 12, 20, 24],
    ]);
  });

  it('keeps what was known while the CA does not answer', () => {
    const plan = planFrom(window(60, 62), undefined, options);
    expect(planWithout(plan, options).renewAt).to.deep.equal(plan.renewAt);
    expect(planWithout(plan, { ...options, certificateId: 'c.d' }).renewAt).to.equal(undefined);
  });
});

describe('tryCertificateId', () => {
  it('is made of the key identifier of the issuer and the serial (RFC 9773 §4.1)', async () => {
    const [leaf] = parseChain((await new AcmeBench().issue()).chainPem);
    const [, serial = ''] = tryCertificateId(leaf)?.split('.') ?? [];
    const hex = Buffer.from(serial, 'base64url').toString('hex').replace(/^00/, '');
    expect(hex).to.equal(certificateFacts(leaf).serial);
    const [own] = parseChain(testCertifiedKey(['a.example.test']).chainPem);
    expect(tryCertificateId(own)).to.match(/^[\w-]{27}\.[\w-]+$/);
  });
});

describe('backOffMs', () => {
  const minutes = (failures: number, leftMs?: number): number =>
    backOffMs({ failures, leftMs, random: 0 }) / 60_000;

  it('is a minute, ten, a hundred, then a day', () => {
    expect([1, 2, 3, 4, 9].map((failures) => minutes(failures))).to.deep.equal([
      ...[1, 10, 100, 1440, 1440],
    ]);
  });

  it('comes closer as the end of what serves does, and is never below an hour then', () => {
    expect(minutes(5, 2 * dayMs)).to.equal(12 * 60);
    expect(minutes(9, hourMs)).to.equal(60);
  });

  it('is spread by a tenth', () => {
    expect(backOffMs({ failures: 1, leftMs: undefined, random: 1 })).to.be.closeTo(66_000, 1);
  });
});
