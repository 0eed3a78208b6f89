import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { MirrorgateError } from '../../../lib/errors/mirrorgate-error.ts';
import { errorResponse, ociErrorBody } from '../../../lib/oci/error-responses.ts';

describe('the answer to an error', () => {
  const cases: readonly (readonly [code: string, status: number, ociCode: string])[] = [
    ['MIRRORGATE_REQUEST_MALFORMED', 400, 'UNSUPPORTED'],
    ['MIRRORGATE_REQUEST_METHOD', 405, 'UNSUPPORTED'],
    ['MIRRORGATE_REQUEST_MISDIRECTED', 421, 'NAME_UNKNOWN'],
    ['MIRRORGATE_REQUEST_RANGE', 416, 'RANGE_INVALID'],
    ['MIRRORGATE_OCI_NAME_INVALID', 400, 'NAME_INVALID'],
    ['MIRRORGATE_OCI_DIGEST_INVALID', 400, 'DIGEST_INVALID'],
    ['MIRRORGATE_MIRROR_UNKNOWN', 404, 'NAME_UNKNOWN'],
    ['MIRRORGATE_ACCESS_DENIED', 403, 'DENIED'],
    ['MIRRORGATE_REPOSITORY_DENIED', 403, 'DENIED'],
    ['MIRRORGATE_UPSTREAM_LIMITED', 429, 'TOOMANYREQUESTS'],
    ['MIRRORGATE_UPSTREAM_UNREACHABLE', 503, 'UNAVAILABLE'],
    ['MIRRORGATE_CONTENT_INVALID', 502, 'UNAVAILABLE'],
    ['MIRRORGATE_MANIFEST_UNKNOWN', 404, 'MANIFEST_UNKNOWN'],
    ['MIRRORGATE_BLOB_UNKNOWN', 404, 'BLOB_UNKNOWN'],
  ];
  for (const [code, status, ociCode] of cases) {
    it(`${code} is ${status} ${ociCode}`, () => {
      expect(errorResponse(new MirrorgateError(code, 'x'))).to.deep.equal({
        status,
        code: ociCode,
      });
    });
  }

  it('is 500 UNKNOWN for what nobody foresaw', () => {
    const own = ['MIRRORGATE_NEW', 'toString', '__proto__', 'constructor', ''];
    const unforeseen = [...own.map((code) => new MirrorgateError(code, 'x')), new Error('x'), 'x'];
    const system = Object.assign(new Error('x'), { code: 'MIRRORGATE_BLOB_UNKNOWN' });
    for (const error of [...unforeseen, system, undefined, null]) {
      expect(errorResponse(error)).to.deep.equal({ status: 500, code: 'UNKNOWN' });
    }
  });

  it('is never a 401: a challenge costs clients a round trip', async () => {
    const folder = join(import.meta.dirname, '../../../lib');
    const names = await readdir(folder, { recursive: true });
    const codes = new Set<string>();
    for (const name of names.filter((entry) => entry.endsWith('.ts'))) {
      const source = await readFile(join(folder, name), 'utf8');
      for (const [code] of source.matchAll(/MIRRORGATE_[A-Z_]+[A-Z]/g)) codes.add(code);
    }
    expect(codes.size).to.be.above(20);
    for (const code of codes) {
      const { status } = errorResponse(new MirrorgateError(code, 'x'));
      expect(status, code).to.be.within(400, 503).and.not.equal(401);
    }
  });

  it('has the body of the distribution spec, whatever the message holds', () => {
    const body = ociErrorBody('DENIED', 'a "quoted"\r\n\u0000 message', { Tag: 'x' });
    expect(JSON.parse(body)).to.deep.equal({
      errors: [{ code: 'DENIED', message: 'a "quoted"\r\n\u0000 message', detail: { Tag: 'x' } }],
    });
    expect(JSON.parse(ociErrorBody('UNKNOWN', ''))).to.deep.equal({
      errors: [{ code: 'UNKNOWN', message: '' }],
    });
  });
});
