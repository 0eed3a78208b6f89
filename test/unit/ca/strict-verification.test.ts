/** What the CA makes, held against `openssl verify -x509_strict`. */
import { writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { signerOf } from '../../../lib/ca/authority-state.ts';
import { makeIntermediate } from '../../../lib/ca/intermediate.ts';
import { makeLeaf } from '../../../lib/ca/leaf.ts';
import { makeRoot, offlineRootPathLength } from '../../../lib/ca/root.ts';
import { forgedAuthority } from '../../support/ca/forged-chains.ts';
import { failureOf, runCommand } from '../../support/lab/command.ts';
import { machine } from '../../support/lab/place.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { dayMs, testCertifiedKey, testRoot } from '../../support/test-certificates.ts';

/** Roots differ in name, constraints and lifetime; each signs a leaf for each of these. */
const rootCount = 125;
const offlineCount = 25;
const nameSets: readonly (readonly string[])[] = [
  ['example.test'],
  ['hub.example.test', 'ghcr.example.test'],
  ['192.0.2.7'],
  ['2001:db8::7'],
  ['hub.example.test', '192.0.2.7', '2001:db8::7'],
  [`${'a'.repeat(63)}.${'b'.repeat(63)}.example.test`],
  Array.from({ length: 40 }, (_, index) => `mirror-${index}.example.test`),
];

describe('openssl verify -x509_strict', function () {
  this.timeout(60_000);
  let scratch: TemporaryDirectory;
  const now = new Date();

  before(async () => {
    scratch = await TemporaryDirectory.create('openssl');
  });
  after(() => scratch.close());

  async function file(name: string, content: string): Promise<string> {
    const path = scratch.join(name);
    await writeFile(path, content);
    return path;
  }

  const verify = (rootFile: string, ...rest: readonly string[]): Promise<unknown> =>
    runCommand(machine, [
      ...['openssl', 'verify', '-x509_strict', '-no-CApath', '-no-CAstore', '-CAfile', rootFile],
      ...rest,
    ]);

  it(`accepts ${rootCount} roots and ${rootCount * nameSets.length} leaves`, async () => {
    for (let index = 0; index < rootCount; index += 1) {
      const root = testRoot({
        name: ['Test', 'Bäckerei "Ü", O=x', '鏡 + <gate>'][index % 3] ?? '',
        permitted: ['example.test', '192.0.2.0/24', '2001:db8::/32'],
        lifetimeMs: [30, 365, 365 * 40][index % 3]! * dayMs,
        now,
      });
      const rootFile = await file(`root-${index}.pem`, root.certificate.toString());
      const leaves = await Promise.all(
        nameSets.map((names, at) => {
          const lifetimeMs = [10_000, dayMs, 7 * dayMs][at % 3]!;
          return file(
            `leaf-${at}.pem`,
            makeLeaf(root, { names, lifetimeMs, now: new Date() }).chainPem,
          );
        }),
      );
      await verify(rootFile, rootFile);
      await verify(rootFile, '-purpose', 'sslserver', ...leaves);
    }
  });

  it(`accepts ${offlineCount} roots that are kept elsewhere, their intermediates and leaves`, async () => {
    const names = ['hub.example.test', '192.0.2.7'];
    for (let index = 0; index < offlineCount; index += 1) {
      const { permitted } = testRoot();
      const made = { name: ['Test', '鏡 + <gate>'][index % 2] ?? '', permitted, now };
      const root = makeRoot({
        ...made,
        lifetimeMs: 365 * dayMs,
        pathLength: offlineRootPathLength,
      });
      const intermediate = makeIntermediate(root, { ...made, lifetimeMs: 90 * dayMs });
      const leaf = makeLeaf(signerOf(intermediate), { names, lifetimeMs: dayMs, now });
      const rootFile = await file('root.pem', root.certificate.toString());
      const middle = await file('middle.pem', intermediate.certificate.toString());
      await verify(rootFile, rootFile, middle);
      await verify(
        rootFile,
        '-untrusted',
        middle,
        '-purpose',
        'sslserver',
        await file('leaf.pem', leaf.chainPem),
      );
    }
  });

  it('refuses a second CA below the root, whose successor alone may stand there', async () => {
    const root = testRoot({ now });
    const below = forgedAuthority(root, 'below', now);
    const second = forgedAuthority(below, 'second', now);
    const leaf = makeLeaf(second, { names: ['a.example.test'], lifetimeMs: dayMs, now });
    const rootFile = await file('root.pem', root.certificate.toString());
    const chain = [below, second].map(({ certificate }) => certificate.toString()).join('');
    const failure = await failureOf(
      verify(
        rootFile,
        '-untrusted',
        await file('below.pem', chain),
        await file('leaf.pem', leaf.chainPem),
      ),
    );
    expect(failure.stderr).to.contain('error 25'); // X509_V_ERR_PATH_LENGTH_EXCEEDED
  });

  it('refuses a leaf as a TLS client', async () => {
    const root = testRoot({ now });
    const rootFile = await file('root.pem', root.certificate.toString());
    const leaf = await file(
      'leaf.pem',
      testCertifiedKey(['a.example.test'], { root, now }).chainPem,
    );
    await verify(rootFile, '-purpose', 'sslserver', leaf);
    const failure = await failureOf(verify(rootFile, '-purpose', 'sslclient', leaf));
    expect(failure.stderr).to.contain('error 26'); // X509_V_ERR_INVALID_PURPOSE
  });
});
