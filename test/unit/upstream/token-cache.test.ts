import { expect } from 'chai';
import { TokenCache, type TokenKey } from '../../../lib/upstream/token-cache.ts';
import type { Token } from '../../../lib/upstream/token-source.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const key: TokenKey = {
  realm: 'https://auth.test/token',
  service: 'registry.test',
  scope: 'repository:acme/app:pull',
  username: undefined,
};

describe('TokenCache', () => {
  let clock: ManualClock;
  let cache: TokenCache;
  let issued: number;

  const issue = (): Promise<Token> => {
    issued += 1;
    const renewAt = new Date(clock.now().getTime() + 60_000);
    return Promise.resolve({ text: `token-${issued}`, renewAt });
  };

  beforeEach(() => {
    clock = new ManualClock();
    cache = new TokenCache(clock);
    issued = 0;
  });

  it('asks once and keeps the token while it lasts', async () => {
    expect(await cache.get(key, issue)).to.deep.equal({ text: 'token-1', isFresh: true });
    await clock.advance(59_999);
    expect(await cache.get(key, issue)).to.deep.equal({ text: 'token-1', isFresh: false });
    await clock.advance(1);
    expect(await cache.get(key, issue)).to.deep.equal({ text: 'token-2', isFresh: true });
  });

  it('makes one request for a herd', async () => {
    const tokens = await Promise.all(Array.from({ length: 100 }, () => cache.get(key, issue)));
    expect(new Set(tokens.map(({ text }) => text))).to.deep.equal(new Set(['token-1']));
    expect(issued).to.equal(1);
  });

  it('shares nothing between realms, services, scopes and accounts', async () => {
    const others: TokenKey[] = [
      { ...key, realm: 'https://other.test/token' },
      { ...key, service: undefined },
      { ...key, scope: 'repository:acme/other:pull' },
      { ...key, username: 'acme' },
    ];
    await cache.get(key, issue);
    for (const other of others) await cache.get(other, issue);
    expect(issued).to.equal(5);
  });

  it('fails the whole herd with one failure, and asks again afterwards', async () => {
    let asked = 0;
    const refuse = (): Promise<Token> => {
      asked += 1;
      return Promise.reject(new Error('no'));
    };
    const results = await Promise.allSettled([cache.get(key, refuse), cache.get(key, refuse)]);
    expect(results.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
    expect(asked).to.equal(1);
    expect((await cache.get(key, issue)).text).to.equal('token-1');
  });

  it('drops the rejected token, but not the one that has replaced it', async () => {
    await cache.get(key, issue);
    cache.drop(key, 'token-1');
    await cache.get(key, issue);
    cache.drop(key, 'token-1');
    expect(await cache.get(key, issue)).to.deep.equal({ text: 'token-2', isFresh: false });
  });
});
