/** Keys and signing requests (PKCS#10, RFC 2986) for certificates of a CA. */
import { generateKeyPair, sign, createPublicKey, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import {
  bitString,
  embedded,
  encodeDer,
  integer,
  objectIdentifier,
  sequence,
  set,
  tagged,
  type Der,
} from '../ca/der.ts';
import { subjectNames } from '../ca/extensions.ts';
import { makeKeyPair } from '../ca/signed-certificate.ts';

export type KeyType = 'p256' | 'rsa2048';

const generate = promisify(generateKeyPair);

export async function makePrivateKey(type: KeyType): Promise<KeyObject> {
  if (type === 'p256') return makeKeyPair().privateKey;
  // Takes a tenth of a second and more, which nobody shall wait for.
  const { privateKey } = await generate('rsa', { modulusLength: 2048 });
  return privateKey;
}

export function privateKeyText(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** For exactly `names` in the subjectAltName and an empty subject (RFC 8555 §7.4), PEM. */
export function certificateRequest(names: readonly string[], privateKey: KeyObject): string {
  const publicKey = createPublicKey(privateKey);
  const extensionRequest = sequence(
    objectIdentifier('1.2.840.113549.1.9.14'),
    set(sequence(subjectNames(names))),
  );
  const body = sequence(
    integer(0),
    sequence(),
    embedded(publicKey.export({ type: 'spki', format: 'der' })),
    tagged(0, extensionRequest),
  );
  const signature = sign('sha256', encodeDer(body), privateKey);
  const request = encodeDer(sequence(body, signatureAlgorithm(privateKey), bitString(signature)));
  const lines = request.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join('\n')}\n-----END CERTIFICATE REQUEST-----\n`;
}

/** ecdsa-with-SHA256 (RFC 5758 §3.2), or sha256WithRSAEncryption (RFC 4055 §5). */
function signatureAlgorithm({ asymmetricKeyType }: KeyObject): Der {
  const derNull = embedded(Uint8Array.of(0x05, 0x00));
  return asymmetricKeyType === 'rsa'
    ? sequence(objectIdentifier('1.2.840.113549.1.1.11'), derNull)
    : sequence(objectIdentifier('1.2.840.10045.4.3.2'));
}
