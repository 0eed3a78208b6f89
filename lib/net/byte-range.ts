/** Single byte ranges (RFC 9110 §14.1.2), the only kind registry clients send. */

/** Inclusive first and last byte. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** A `Range` header as written, not yet held against a size. */
export type RangeSpec =
  | { readonly kind: 'from'; readonly first: number; readonly last: number | undefined }
  | { readonly kind: 'suffix'; readonly length: number };

/**
 * The one range that `header` asks for. Undefined for what RFC 9110 §14.2 lets a server ignore:
 * other units, several ranges, malformed text.
 */
export function tryRange(header: string | undefined): RangeSpec | undefined {
  if (header === undefined) return undefined;
  const match = /^bytes=[ \t]*(?:([0-9]+)-([0-9]+)?|-([0-9]+))[ \t]*$/i.exec(header);
  if (match === null) return undefined;
  const [, first, last, suffix] = match;
  if (first === undefined) return { kind: 'suffix', length: position(suffix ?? '') };
  if (last !== undefined && position(last) < position(first)) return undefined;
  return {
    kind: 'from',
    first: position(first),
    last: last === undefined ? undefined : position(last),
  };
}

/** No content is longer than this, so that more digits mean no more (RFC 9110 §14.1.1, overflow). */
function position(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}

/** The bytes that `spec` selects of `sizeBytes`, or undefined where none: answer 416. */
export function resolveRange(spec: RangeSpec, sizeBytes: number): ByteRange | undefined {
  if (spec.kind === 'suffix') {
    if (spec.length === 0 || sizeBytes === 0) return undefined;
    return { first: Math.max(0, sizeBytes - spec.length), last: sizeBytes - 1 };
  }
  if (spec.first >= sizeBytes) return undefined;
  return { first: spec.first, last: Math.min(spec.last ?? sizeBytes - 1, sizeBytes - 1) };
}
