/** The bundle and the documents made of it, held against openssl and keytool. */
import { writeFile } from 'node:fs/promises';
import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { trustDocuments } from '../../../lib/app/trust-documents.ts';
import type { AuthorityState } from '../../../lib/ca/authority-state.ts';
import type { Bundle } from '../../../lib/ca/bundle.ts';
import { fingerprint } from '../../../lib/certificates/certificate-facts.ts';
import { rotatingStates } from '../../support/ca/test-authority.ts';
import { failureOf, runCommand } from '../../support/lab/command.ts';
import { requireParts } from '../../support/lab/lab-availability.ts';
import { machine } from '../../support/lab/place.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';

interface WrittenRoot {
  readonly state: string;
  readonly fingerprint: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly pem: string;
  readonly signature?: { readonly by: string; readonly algorithm: string; readonly value: string };
}

const states = rotatingStates();

function bundleOf({ bundleVersion, roots }: AuthorityState): Bundle {
  return { version: bundleVersion, roots };
}

function document(state: AuthorityState, path: string): Buffer {
  const found = trustDocuments(bundleOf(state)).documents.find((one) => one.path === path);
  if (found === undefined) throw new TypeError(`no document at ${path}`);
  return Buffer.from(found.body);
}

function written(state: AuthorityState): {
  readonly version: number;
  readonly roots: readonly WrittenRoot[];
} {
  return JSON.parse(document(state, '/ca/bundle.json').toString()) as ReturnType<typeof written>;
}

describe('the bundle of roots', () => {
  let scratch: TemporaryDirectory;
  before(async () => {
    scratch = await TemporaryDirectory.create('bundle');
  });
  after(() => scratch.close());

  it('has its roots in the order active, next, retiring', () => {
    expect(written(states.prepared).roots.map(({ state }) => state)).to.deep.equal([
      'active',
      'next',
    ]);
    const [before] = written(states.prepared).roots;
    const after = written(states.switched).roots;
    expect(after.map(({ state }) => state)).to.deep.equal(['active', 'retiring']);
    expect(after[1]?.fingerprint).to.equal(before?.fingerprint);
  });

  it('has a version that increases with every change', () => {
    const versions = [states.idle, states.prepared, states.switched].map(
      (state) => written(state).version,
    );
    expect(versions).to.deep.equal([1, 2, 3]);
  });

  it('says the same as PEM and as JSON, and begins with the root of the fingerprint', () => {
    for (const state of Object.values(states)) {
      const { roots } = written(state);
      expect(document(state, '/ca/bundle.pem').toString()).to.equal(
        roots.map(({ pem }) => pem).join(''),
      );
      expect(document(state, '/ca/fingerprint').toString()).to.equal(`${roots[0]?.fingerprint}\n`);
      for (const root of roots) {
        const certificate = new X509Certificate(root.pem);
        expect(root.fingerprint).to.equal(fingerprint(certificate));
        expect(new Date(root.notBefore)).to.deep.equal(certificate.validFromDate);
        expect(new Date(root.notAfter)).to.deep.equal(certificate.validToDate);
      }
    }
  });

  it('holds no private key', () => {
    for (const state of Object.values(states)) {
      for (const { body } of trustDocuments(bundleOf(state)).documents) {
        expect(Buffer.from(body).toString('latin1')).to.not.contain('PRIVATE');
      }
    }
  });

  describe('signature of a new root by the outgoing one', () => {
    const verify = async (signature: Buffer, signed: Buffer): Promise<unknown> => {
      const [outgoing] = states.prepared.roots;
      const names = { key: 'outgoing.pem', signature: 'signature', signed: 'signed.der' };
      await writeFile(
        scratch.join(names.key),
        outgoing.certificate.publicKey.export({ type: 'spki', format: 'pem' }),
      );
      await writeFile(scratch.join(names.signature), signature);
      await writeFile(scratch.join(names.signed), signed);
      return await runCommand(machine, [
        ...['openssl', 'dgst', '-sha256', '-verify', scratch.join(names.key)],
        ...['-signature', scratch.join(names.signature), scratch.join(names.signed)],
      ]);
    };

    it('is what openssl verifies', async () => {
      const [outgoing, incoming] = written(states.prepared).roots;
      expect(outgoing?.signature).to.equal(undefined);
      expect(incoming?.signature).to.include({
        by: outgoing?.fingerprint,
        algorithm: 'ecdsa-with-SHA256',
      });
      const signature = Buffer.from(incoming?.signature?.value ?? '', 'base64');
      const { raw } = new X509Certificate(incoming?.pem ?? '');
      await verify(signature, raw);
      const changed = Buffer.from(raw);
      changed.writeUInt8(changed.readUInt8(raw.length - 1) ^ 1, raw.length - 1);
      expect((await failureOf(verify(signature, changed))).exitCode).to.equal(1);
    });

    it('stays with the root after the switch', () => {
      const [active] = written(states.switched).roots;
      expect(active?.signature).to.deep.equal(written(states.prepared).roots[1]?.signature);
    });
  });

  describe('as PKCS#12', () => {
    const store = (): string => scratch.join('bundle.p12');
    const keytool = (...command: readonly string[]) =>
      runCommand(machine, ['keytool', ...command, '-keystore', store(), '-storetype', 'PKCS12']);

    it('is the same bytes for the same roots', () => {
      expect(document(states.prepared, '/ca/bundle.p12')).to.deep.equal(
        document(states.prepared, '/ca/bundle.p12'),
      );
    });

    it("is listed by Java's keytool as trusted certificates", async function () {
      this.timeout(30_000);
      await requireParts(this, 'java');
      await writeFile(store(), document(states.prepared, '/ca/bundle.p12'));
      const { stdout } = await keytool('-list', '-storepass', 'changeit');
      expect(stdout).to.contain('contains 2 entries');
      expect(stdout.match(/trustedCertEntry/g)).to.have.length(2);
      for (const { certificate } of states.prepared.roots) {
        expect(stdout.replaceAll(':', '').toLowerCase()).to.contain(fingerprint(certificate));
      }
    });

    it('is refused by keytool with another password, and when a byte of it changed', async function () {
      this.timeout(30_000);
      await requireParts(this, 'java');
      const bytes = document(states.prepared, '/ca/bundle.p12');
      await writeFile(store(), bytes);
      await failureOf(keytool('-list', '-storepass', 'another'));
      bytes.writeUInt8(bytes.readUInt8(300) ^ 1, 300);
      await writeFile(store(), bytes);
      await failureOf(keytool('-list', '-storepass', 'changeit'));
    });

    it('is read by openssl', async () => {
      await writeFile(store(), document(states.switched, '/ca/bundle.p12'));
      const { stdout } = await runCommand(machine, [
        ...['openssl', 'pkcs12', '-nokeys', '-in', store(), '-passin', 'pass:changeit'],
      ]);
      expect(stdout.match(/BEGIN CERTIFICATE/g)).to.have.length(2);
    });
  });
});
