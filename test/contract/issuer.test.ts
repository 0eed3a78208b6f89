/** Every issuer, held against the contract. */
import { rm, writeFile } from 'node:fs/promises';
import { Authority } from '../../lib/ca/authority.ts';
import { filesIssuer } from '../../lib/certificates/files-issuer.ts';
import { privateCaIssuer, type LeafAuthority } from '../../lib/certificates/private-ca-issuer.ts';
import { nameSubtree } from '../../lib/config/scalars.ts';
import { AcmeBench, acmeSites } from '../support/acme/acme-bench.ts';
import { TemporaryDirectory } from '../support/lab/temporary-directory.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { dayMs, hostNames, testCertifiedKey } from '../support/test-certificates.ts';
import { describeIssuer } from './issuer.contract.ts';

const names = hostNames('hub.example.test', 'ghcr.example.test', '192.0.2.7', '2001:db8::7');

describeIssuer('private-ca', async () => {
  const directory = await TemporaryDirectory.create('private-ca-issuer');
  const clock = new ManualClock();
  const open = (): Promise<Authority> =>
    Authority.open({
      directory: directory.join('certs'),
      clock,
      logger: recordedLog(),
      builtAt: new Date(0),
      configuration: {
        name: 'Test',
        permitted: ['example.test', '192.0.2.0/24', '2001:db8::/32'].map((text) =>
          nameSubtree.parse(text),
        ),
        leafLifetimeMs: 7 * dayMs,
        rootLifetimeMs: 365 * dayMs,
        overlapMs: 30 * dayMs,
        intermediateLifetimeMs: 90 * dayMs,
        evidenceWindowMs: 30 * dayMs,
      },
    });
  let current = await open();
  const authority: LeafAuthority = {
    leafIssuer: (...leaf) => current.leafIssuer(...leaf),
    issueLeaf: (...leaf) => current.issueLeaf(...leaf),
  };
  return {
    issuer: privateCaIssuer({ authority, leafLifetimeMs: 7 * dayMs }),
    clock,
    names,
    async turnOver() {
      await rm(directory.join('certs', 'ca'), { recursive: true });
      current = await open();
    },
    close: () => directory.close(),
  };
});

describeIssuer('files', async () => {
  const directory = await TemporaryDirectory.create('files-issuer');
  const clock = new ManualClock();
  const files = { certificate: directory.join('chain.pem'), key: directory.join('key.pem') };
  const putFiles = async (): Promise<void> => {
    const { chainPem, privateKeyPem } = testCertifiedKey(names);
    await writeFile(files.certificate, chainPem);
    await writeFile(files.key, privateKeyPem, { mode: 0o600 });
  };
  await putFiles();
  return {
    issuer: filesIssuer({ files: [files], clock }),
    clock,
    names,
    turnOver: putFiles,
    close: () => directory.close(),
  };
});

/** A certificate of an ACME CA that is on no record is served on: ordering anew costs its limits. */
describeIssuer('acme', () => {
  const bench = new AcmeBench();
  bench.sites = acmeSites([names]);
  return Promise.resolve({
    issuer: {
      issue: (...order) => bench.issuer().issue(...order),
      dueAt: (...held) => bench.issuer().dueAt(...held),
    },
    clock: bench.clock,
    names,
    turnOver() {
      bench.addCa('another');
      bench.cas.shift();
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
    knowsItsOwn: false,
  });
});
