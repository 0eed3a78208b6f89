/**
 * A DER writer (X.690) over node-forge, with just the shapes that a certificate needs. It never
 * reads foreign input: certificates are parsed by `crypto.X509Certificate`.
 */
import forge from 'node-forge';

const { asn1 } = forge;
const { Class, Type } = asn1;

export type Der = forge.asn1.Asn1;

export function encodeDer(der: Der): Buffer {
  return Buffer.from(asn1.toDer(der).getBytes(), 'latin1');
}

/** DER that this process made, such as an exported public key, to stand inside another structure. */
export function embedded(der: Uint8Array): Der {
  return asn1.fromDer(binary(der));
}

export function sequence(...items: readonly Der[]): Der {
  return asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, [...items]);
}

export function set(...items: readonly Der[]): Der {
  return asn1.create(Class.UNIVERSAL, Type.SET, true, [...items]);
}

/** `[tag]` around or in place of a constructed value. */
export function tagged(tag: number, ...items: readonly Der[]): Der {
  return contextual(tag, true, [...items]);
}

/** `[tag] IMPLICIT` of a primitive value. */
export function taggedBytes(tag: number, bytes: Uint8Array): Der {
  return contextual(tag, false, binary(bytes));
}

export function objectIdentifier(dotted: string): Der {
  return primitive(Type.OID, asn1.oidToDer(dotted).getBytes());
}

/** An integer given as its big-endian two's complement without redundant leading bytes. */
export function integer(...bytes: readonly number[]): Der {
  return primitive(Type.INTEGER, binary(Uint8Array.from(bytes)));
}

export function truth(): Der {
  return primitive(Type.BOOLEAN, '\xff');
}

export function octetString(bytes: Uint8Array): Der {
  return primitive(Type.OCTETSTRING, binary(bytes));
}

export function bitString(bytes: Uint8Array, unusedBits = 0): Der {
  return primitive(Type.BITSTRING, String.fromCharCode(unusedBits) + binary(bytes));
}

export function utf8String(text: string): Der {
  return primitive(Type.UTF8, binary(Buffer.from(text, 'utf8')));
}

/** BMPString: UTF-16 in network order. */
export function bmpString(text: string): Der {
  return primitive(Type.BMPSTRING, binary(Buffer.from(text, 'utf16le').swap16()));
}

export function nothing(): Der {
  return primitive(Type.NULL, '');
}

/** UTCTime up to 2049, GeneralizedTime from 2050 (RFC 5280 §4.1.2.5); whole seconds. */
export function time(date: Date): Der {
  return date.getUTCFullYear() < 2050
    ? primitive(Type.UTCTIME, asn1.dateToUtcTime(date))
    : primitive(Type.GENERALIZEDTIME, asn1.dateToGeneralizedTime(date));
}

function contextual(tag: number, constructed: boolean, value: Der[] | string): Der {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- a context tag is a plain number, which forge's types do not say
  return asn1.create(Class.CONTEXT_SPECIFIC, tag, constructed, value);
}

function primitive(type: forge.asn1.Type, value: string): Der {
  return asn1.create(Class.UNIVERSAL, type, false, value);
}

/** forge keeps bytes in strings, one character each. */
function binary(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
