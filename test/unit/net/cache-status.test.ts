import { expect } from 'chai';
import {
  cacheStatusText,
  tryCacheStatus,
  type CacheStatus,
} from '../../../lib/net/cache-status.ts';

const statuses: Readonly<Record<CacheStatus, string>> = {
  hit: 'mirrorgate; hit',
  'hit-stale': 'mirrorgate; hit; detail=stale',
  'miss-stored': 'mirrorgate; fwd=miss; stored',
  'miss-collapsed': 'mirrorgate; fwd=miss; collapsed',
  miss: 'mirrorgate; fwd=miss',
  revalidated: 'mirrorgate; fwd=stale; detail=revalidated',
  bypass: 'mirrorgate; fwd=bypass',
};

describe('Cache-Status', () => {
  for (const [status, text] of Object.entries(statuses) as [CacheStatus, string][]) {
    it(`of ${status} is "${text}", and is read again`, () => {
      expect(cacheStatusText(status)).to.equal(text);
      expect(tryCacheStatus(text)).to.equal(status);
      // RFC 9211 §2: a token, then parameters of tokens (RFC 8941 §3.1.2).
      expect(text).to.match(/^[a-z]+(?:; [a-z]+(?:=[a-z]+)?)+$/);
    });
  }

  it('of somebody else is none of ours', () => {
    for (const text of [undefined, '', 'hit', 'other; hit', 'mirrorgate;hit', 'toString']) {
      expect(tryCacheStatus(text)).to.equal(undefined);
    }
  });
});
