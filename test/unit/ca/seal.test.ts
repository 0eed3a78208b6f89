import { createPrivateKey } from 'node:crypto';
import { expect } from 'chai';
import { makeSeal, sealKey, unsealKey, workSeal } from '../../../lib/ca/seal.ts';
import { makeKeyPair } from '../../../lib/ca/signed-certificate.ts';
import { errorOf, rejectionOf } from '../../support/rejection.ts';

/** As the CA's own, but quick to work. */
const cheap = { cost: 2 ** 10, blockSize: 8, parallelization: 1, salt: Buffer.alloc(16, 7) };
const owner = Buffer.from('certificate');

describe('a sealed key', () => {
  const { privateKey } = makeKeyPair();

  it('opens with its passphrase, in its own place', async () => {
    const seal = await workSeal(Buffer.from('correct horse battery'), cheap);
    const sealed = sealKey(seal, privateKey, owner);
    const again = await workSeal(Buffer.from('correct horse battery'), cheap);
    expect(unsealKey(again, sealed, owner).equals(privateKey)).to.equal(true);
  });

  it('holds nothing of the key in clear', async () => {
    const seal = await workSeal(Buffer.from('correct horse battery'), cheap);
    const { ciphertext } = sealKey(seal, privateKey, owner);
    expect(() => createPrivateKey({ key: ciphertext, type: 'pkcs8', format: 'der' })).to.throw();
  });

  it('is never sealed the same way twice', async () => {
    const seal = await workSeal(Buffer.from('correct horse battery'), cheap);
    const [first, second] = [sealKey(seal, privateKey, owner), sealKey(seal, privateKey, owner)];
    expect(first.nonce.equals(second.nonce)).to.equal(false);
    expect(first.ciphertext.equals(second.ciphertext)).to.equal(false);
  });

  it('stays shut to another passphrase, in another place, and when a bit of it changed', async () => {
    const seal = await workSeal(Buffer.from('correct horse battery'), cheap);
    const other = await workSeal(Buffer.from('correct horse batterz'), cheap);
    const sealed = sealKey(seal, privateKey, owner);
    const bent = Buffer.from(sealed.ciphertext);
    bent.writeUInt8(bent.readUInt8(9) ^ 1, 9);
    for (const open of [
      () => unsealKey(other, sealed, owner),
      () => unsealKey(seal, sealed, Buffer.from('another')),
      () => unsealKey(seal, { ...sealed, ciphertext: bent }, owner),
    ]) {
      expect(errorOf(open).code).to.equal('MIRRORGATE_CA_PASSPHRASE');
    }
  });

  it('takes no passphrase that is found by trying', async () => {
    const error = await rejectionOf(makeSeal(Buffer.from('hunter2')));
    expect(error.code).to.equal('MIRRORGATE_CA_PASSPHRASE');
    expect(error.message).to.not.contain('hunter2');
  });
});
