import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { filesIssuer, type CertificateFiles } from '../../../lib/certificates/files-issuer.ts';
import type { CertifiedKey, Issuer } from '../../../lib/certificates/issuer.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { dayMs, hostNames, testCertifiedKey, testStart } from '../../support/test-certificates.ts';

describe('files issuer', () => {
  const { signal } = new AbortController();
  const names = hostNames('hub.example.test');
  const held = testCertifiedKey(names);
  let directory: TemporaryDirectory;
  let clock: ManualClock;

  beforeEach(async () => {
    directory = await TemporaryDirectory.create('files');
    clock = new ManualClock();
  });
  afterEach(() => directory.close());

  async function put(
    label: string,
    { chainPem, privateKeyPem }: CertifiedKey,
  ): Promise<CertificateFiles> {
    const files = {
      certificate: directory.join(`${label}.crt`),
      key: directory.join(`${label}.key`),
    };
    await writeFile(files.certificate, chainPem);
    await writeFile(files.key, privateKeyPem, { mode: 0o600 });
    return files;
  }
  const issuerOf = (...files: CertificateFiles[]): Issuer => filesIssuer({ files, clock });

  it('picks the pair that covers all names, a wildcard included', async () => {
    const other = await put('other', testCertifiedKey(['other.example.test']));
    const half = await put('half', testCertifiedKey(['a.wild.test']));
    const wild = testCertifiedKey(['*.wild.test', '192.0.2.7']);
    const issuer = issuerOf(other, half, await put('wild', wild));
    expect(await issuer.issue(hostNames('a.wild.test', '192.0.2.7'), signal)).to.deep.equal(wild);
  });

  it('picks the pair that lasts longest', async () => {
    const long = testCertifiedKey(names, { lifetimeMs: 30 * dayMs });
    const pairs = [
      await put('a', held),
      await put('b', long),
      await put('c', testCertifiedKey(names)),
    ];
    expect(await issuerOf(...pairs).issue(names, signal)).to.deep.equal(long);
  });

  it('is due at the end of the pair, and at once when another lies on the disk', async () => {
    const issuer = issuerOf(await put('a', held));
    expect(await issuer.dueAt(held, names)).to.deep.equal(
      new Date(testStart.getTime() + 7 * dayMs),
    );
    await put('a', testCertifiedKey(names));
    expect(await issuer.dueAt(held, names)).to.be.below(testStart);
  });

  it('passes over a broken pair where another serves', async () => {
    const broken = { certificate: directory.join('absent.crt'), key: directory.join('absent.key') };
    const issuer = issuerOf(broken, await put('a', held));
    expect(await issuer.issue(names, signal)).to.deep.equal(held);
  });

  it('follows links to key files, as certbot and Kubernetes make them', async () => {
    const { certificate, key } = await put('archive', held);
    const link = directory.join('live.key');
    await symlink(key, link);
    expect(await issuerOf({ certificate, key: link }).issue(names, signal)).to.deep.equal(held);
    await chmod(key, 0o644);
    const error = await rejectionOf(issuerOf({ certificate, key: link }).issue(names, signal));
    expect(error.code).to.equal('MIRRORGATE_FILES_PERMISSIONS');
  });

  it('refuses a key that others can read', async () => {
    const files = await put('a', held);
    await chmod(files.key, 0o640);
    const error = await rejectionOf(issuerOf(files).issue(names, signal));
    expect(error.code).to.equal('MIRRORGATE_FILES_PERMISSIONS');
    expect(error.message).to.contain(files.key);
  });

  describe('names the file and the way out where', () => {
    const cases: Readonly<Record<string, (files: CertificateFiles) => Promise<string>>> = {
      'the certificate is missing': async ({ certificate }) => {
        await rm(certificate);
        return certificate;
      },
      'the key is missing': async ({ key }) => {
        await rm(key);
        return key;
      },
      'the certificate is a folder': async ({ certificate }) => {
        await rm(certificate);
        await mkdir(certificate);
        return certificate;
      },
      'the certificate is empty': async ({ certificate }) => {
        await writeFile(certificate, '');
        return certificate;
      },
      'the key is no key': async ({ key }) => {
        await writeFile(key, 'not a key');
        return key;
      },
      'the key belongs to another certificate': async ({ key }) => {
        await writeFile(key, testCertifiedKey(names).privateKeyPem);
        return key;
      },
      'certificate and key were swapped': async ({ certificate, key }) => {
        await rename(key, `${key}.away`);
        await rename(certificate, key);
        await rename(`${key}.away`, certificate);
        await chmod(key, 0o600);
        return certificate;
      },
      'the certificate has expired': async ({ certificate }) => {
        await clock.advance(8 * dayMs);
        return certificate;
      },
    };
    for (const [what, breakIt] of Object.entries(cases)) {
      it(what, async () => {
        const files = await put('a', held);
        const path = await breakIt(files);
        for (const ask of [
          () => issuerOf(files).issue(names, signal),
          () => issuerOf(files).dueAt(held, names),
        ]) {
          const error = await rejectionOf(ask());
          expect(error.code).to.equal('MIRRORGATE_CERTIFICATE_FILES');
          expect(error.message).to.contain(path);
          expect(error.hint).to.be.a('string');
        }
      });
    }
  });

  it('says so where no pair covers all names together', async () => {
    const pairs = [await put('a', held), await put('b', testCertifiedKey(['b.example.test']))];
    const wanted = hostNames('hub.example.test', 'b.example.test');
    const error = await rejectionOf(issuerOf(...pairs).issue(wanted, signal));
    expect(error.code).to.equal('MIRRORGATE_CERTIFICATE_NO_FILES');
    expect(error.message).to.contain('hub.example.test').and.contain('b.example.test');
  });
});
