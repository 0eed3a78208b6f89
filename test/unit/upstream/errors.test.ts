import { expect } from 'chai';
import { errorResponse } from '../../../lib/oci/error-responses.ts';
import {
  isDenial,
  permitsStale,
  UpstreamContentError,
  UpstreamDeniedError,
  UpstreamFailedError,
  UpstreamLimitedError,
  UpstreamRefusedError,
  UpstreamUnknownError,
  UpstreamUnreachableError,
} from '../../../lib/upstream/errors.ts';

const host = 'registry.test';

describe('upstream errors', () => {
  const rows: readonly (readonly [Error, number, boolean])[] = [
    [new UpstreamUnreachableError('x', { host }), 503, true],
    [new UpstreamFailedError('x', { host, status: 500 }), 503, true],
    [new UpstreamFailedError('x', { host, status: 400 }), 503, false],
    [new UpstreamLimitedError('x', { host }), 429, true],
    [new UpstreamDeniedError('x', { host, status: 401 }), 403, false],
    [new UpstreamDeniedError('x', { host, status: 403 }), 403, false],
    [new UpstreamRefusedError('x', { host }), 502, false],
    [new UpstreamContentError('x', { host }), 502, false],
    [new UpstreamUnknownError('MIRRORGATE_BLOB_UNKNOWN', 'x', { host }), 404, false],
    [new UpstreamUnknownError('MIRRORGATE_MANIFEST_UNKNOWN', 'x', { host }), 404, false],
    [new UpstreamUnknownError('MIRRORGATE_REPOSITORY_UNKNOWN', 'x', { host }), 404, false],
  ];
  for (const [error, status, isStalePermitted] of rows) {
    it(`${error.name} is a ${status} and ${isStalePermitted ? 'permits' : 'forbids'} stale`, () => {
      expect(errorResponse(error).status).to.equal(status);
      expect(permitsStale(error)).to.equal(isStalePermitted);
    });
  }

  it('permits nothing stale for an error of somebody else', () => {
    expect(permitsStale(new Error('x'))).to.equal(false);
    expect(permitsStale(undefined)).to.equal(false);
  });

  it('knows a denial', () => {
    expect(isDenial(new UpstreamDeniedError('x', { host, status: 401 }))).to.equal(true);
    expect(isDenial(new UpstreamLimitedError('x', { host }))).to.equal(false);
  });
});
