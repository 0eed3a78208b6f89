/** What an operator may choose of a certificate, as a real CA issues it. */
import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { AcmeLab, hubHost } from '../../support/acme/acme-lab.ts';
import { handshake } from '../../support/app/gate-client.ts';
import { requireParts } from '../../support/lab/lab-availability.ts';
import { OpenParts } from '../../support/lab/open-parts.ts';

describe('an ACME certificate', function () {
  this.timeout(60_000);
  const parts = new OpenParts();
  const environment = { PEBBLE_ALTERNATE_ROOTS: '1' };

  before(async function () {
    await requireParts(this, 'pebble', 'gate');
  });
  afterEach(async () => {
    await parts.close();
  });

  /** The key that is served, once it is, under the CA's root of this number and no other. */
  async function servedKey(lab: AcmeLab, root: 0 | 1): Promise<X509Certificate['publicKey']> {
    const target = await lab.untilServed(hubHost);
    const socket = await handshake({ ...target, ca: await lab.pebble.issuingRoot(root) });
    const leaf = socket.getPeerX509Certificate();
    socket.destroy();
    const other = { ...target, ca: await lab.pebble.issuingRoot(1 - root) };
    const refusal = await handshake(other).catch((error: unknown) => error);
    expect(refusal).to.include({ code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' });
    if (leaf === undefined) throw new TypeError('nothing was served');
    return leaf.publicKey;
  }

  it('has a P-256 key, and the chain that the CA prefers', async () => {
    const lab = await parts.add(AcmeLab.start({ pebble: { environment } }));
    const { asymmetricKeyDetails: key } = await servedKey(lab, 0);
    expect(key).to.deep.equal({ namedCurve: 'prime256v1' });
  });

  it('has an RSA key and another of the CA’s chains where that is chosen', async () => {
    const lab = await parts.add(
      AcmeLab.start({
        acme: async (_names, pebble) => {
          const { subject } = new X509Certificate(await pebble.issuingRoot(1));
          return { keyType: 'rsa2048', preferredChain: subject.replace('CN=', '') };
        },
        pebble: { environment },
      }),
    );
    const { asymmetricKeyType, asymmetricKeyDetails: key } = await servedKey(lab, 1);
    expect(asymmetricKeyType).to.equal('rsa');
    expect(key).to.include({ modulusLength: 2048 });
  });
});
