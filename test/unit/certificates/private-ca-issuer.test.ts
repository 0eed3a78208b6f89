import { expect } from 'chai';
import { makeLeaf } from '../../../lib/ca/leaf.ts';
import type { Root } from '../../../lib/ca/root.ts';
import { privateCaIssuer } from '../../../lib/certificates/private-ca-issuer.ts';
import type { Issuer } from '../../../lib/certificates/issuer.ts';
import {
  dayMs,
  hostNames,
  testCertifiedKey,
  testRoot,
  testStart,
} from '../../support/test-certificates.ts';

const names = hostNames('hub.example.test', '192.0.2.7');
const after = (ms: number): Date => new Date(testStart.getTime() + ms);

function issuerOf(root: Root, leafLifetimeMs: number, chainPem = ''): Issuer {
  return privateCaIssuer({
    leafLifetimeMs,
    authority: {
      leafIssuer: () => ({ certificate: root.certificate, chainPem }),
      issueLeaf: (leafNames, lifetimeMs) =>
        makeLeaf(root, { names: leafNames, lifetimeMs, now: testStart }),
    },
  });
}

describe('private CA issuer', () => {
  const { signal } = new AbortController();

  for (const lifetimeMs of [90 * dayMs, 6 * dayMs, 3_600_000, 12_000]) {
    it(`finds a leaf of ${lifetimeMs / 1000} s due when a third of it is left`, async () => {
      const issuer = issuerOf(testRoot(), lifetimeMs);
      const held = await issuer.issue(names, signal);
      expect(await issuer.dueAt(held, names)).to.deep.equal(after((lifetimeMs * 2) / 3));
    });
  }

  it('finds a leaf due at once when the names of the site changed', async () => {
    const issuer = issuerOf(testRoot(), dayMs);
    const held = await issuer.issue(names, signal);
    for (const others of [['hub.example.test'], ['hub.example.test', '192.0.2.7', '192.0.2.8']]) {
      expect(await issuer.dueAt(held, hostNames(...others))).to.be.below(testStart);
    }
  });

  it('finds a leaf due at once when another root signs', async () => {
    const held = testCertifiedKey(names, { root: testRoot() });
    expect(await issuerOf(testRoot(), dayMs).dueAt(held, names)).to.be.below(testStart);
  });

  it('finds a leaf due at once when the chain above it is another', async () => {
    const root = testRoot();
    const held = testCertifiedKey(names, { root });
    const other = testRoot().certificate.toString();
    expect(await issuerOf(root, dayMs).dueAt(held, names)).to.be.above(testStart);
    expect(await issuerOf(root, dayMs, other).dueAt(held, names)).to.be.below(testStart);
    const crossed = { ...held, chainPem: held.chainPem + other };
    expect(await issuerOf(root, dayMs, other).dueAt(crossed, names)).to.be.above(testStart);
    expect(await issuerOf(root, dayMs).dueAt(crossed, names)).to.be.below(testStart);
  });

  it('does not ask again and again for a leaf that ends with its root', async () => {
    const root = testRoot({ lifetimeMs: 2 * dayMs });
    const issuer = issuerOf(root, 7 * dayMs);
    const held = await issuer.issue(names, signal);
    expect(await issuer.dueAt(held, names)).to.deep.equal(root.certificate.validToDate);
  });
});
