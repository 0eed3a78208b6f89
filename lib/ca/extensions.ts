/** The X.509 extensions that roots and leaves carry (RFC 5280 §4.2). */
import type { NameSubtree } from '../config/scalars.ts';
import { tryAddress } from '../net/address.ts';
import {
  bitString,
  encodeDer,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  taggedBytes,
  truth,
  type Der,
} from './der.ts';
import { nameConstraints } from './name-subtrees.ts';

/** A CA with at most `pathLength` other CAs between it and a leaf (RFC 5280 §4.2.1.9). */
export function authorityConstraints(pathLength: number): Der {
  return extension('2.5.29.19', true, sequence(truth(), integer(pathLength)));
}

export function endEntityConstraints(): Der {
  return extension('2.5.29.19', true, sequence());
}

/** keyCertSign and cRLSign. */
export function authorityKeyUsage(): Der {
  return extension('2.5.29.15', true, bitString(Uint8Array.of(0x06), 1));
}

/** digitalSignature: all that an ECDSA key does in TLS. */
export function signatureKeyUsage(): Der {
  return extension('2.5.29.15', true, bitString(Uint8Array.of(0x80), 7));
}

export function serverAuthentication(): Der {
  return extension('2.5.29.37', false, sequence(objectIdentifier('1.3.6.1.5.5.7.3.1')));
}

/** For a CA whose leaves are servers or clients. */
export function tlsAuthentication(): Der {
  const purposes = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'].map(objectIdentifier);
  return extension('2.5.29.37', false, sequence(...purposes));
}

export function clientAuthentication(): Der {
  return extension('2.5.29.37', false, sequence(objectIdentifier('1.3.6.1.5.5.7.3.2')));
}

export function permittedNames(permitted: readonly NameSubtree[]): Der {
  return extension('2.5.29.30', true, nameConstraints(permitted));
}

/** Critical, as it must be where the subject is empty (RFC 5280 §4.2.1.6). */
export function subjectNames(names: readonly string[]): Der {
  const general = names.map((name) => {
    const address = tryAddress(name);
    return address === undefined
      ? taggedBytes(2, Buffer.from(name, 'ascii'))
      : taggedBytes(7, address);
  });
  return extension('2.5.29.17', true, sequence(...general));
}

export function subjectKeyIdentifier(identifier: Uint8Array): Der {
  return extension('2.5.29.14', false, octetString(identifier));
}

export function authorityKeyIdentifier(identifier: Uint8Array): Der {
  return extension('2.5.29.35', false, sequence(taggedBytes(0, identifier)));
}

function extension(identifier: string, critical: boolean, value: Der): Der {
  const content = octetString(encodeDer(value));
  const parts = critical ? [truth(), content] : [content];
  return sequence(objectIdentifier(identifier), ...parts);
}
