import { expect } from 'chai';
import { AnswerMemory } from '../../../lib/edge/answer-memory.ts';
import type { WorkerHeaders } from '../../../lib/edge/sent-answer.ts';

const head = { 'content-type': 'a/b', 'content-length': '4', etag: '"d"', age: '5' };

describe('AnswerMemory', () => {
  let nowMs: number;
  let memory: AnswerMemory;
  beforeEach(() => {
    nowMs = 1_000;
    memory = new AnswerMemory({ nowMs: () => nowMs, maxBytes: 64 * 1024 });
  });

  const pass = (headers: WorkerHeaders, body = Buffer.from('\x00né'), key = 'k'): void => {
    const keeper = memory.keeper(key, true);
    keeper.begin(200, { ...head, ...headers });
    keeper.add(body.subarray(0, 1));
    keeper.add(body.subarray(1));
    keeper.end();
  };

  it('gives an answer again byte for byte, and older by the time it lay there', () => {
    pass({ 'cache-control': 'max-age=60' });
    nowMs += 2_500;
    const answer = memory.recall('k', true);
    expect(Buffer.from(answer?.body ?? '', 'latin1').toString()).to.equal('\x00né');
    expect(answer?.ageSeconds).to.equal(7);
    expect(answer?.headers).to.include.members(['etag', '"d"', 'content-type', 'a/b']);
    expect(answer?.headers).to.not.include.members(['cache-control']);
  });

  it('gives it no longer than the worker allowed, its age counted', () => {
    pass({ 'cache-control': 'max-age=60' });
    nowMs += 54_999;
    expect(memory.recall('k', true)).to.not.equal(undefined);
    nowMs += 1;
    expect(memory.recall('k', true)).to.equal(undefined);
  });

  it('asks anew within an hour even for what never changes', () => {
    pass({ 'cache-control': 'max-age=31536000', age: undefined });
    nowMs += 3_600_000;
    expect(memory.recall('k', true)).to.equal(undefined);
  });

  for (const [what, headers] of [
    ['without a word on it', {}],
    ['that is stale', { 'cache-control': 'max-age=60', warning: '299 - "stale"' }],
    ['that is as old as it may be', { 'cache-control': 'max-age=5' }],
  ] as const) {
    it(`keeps no answer ${what}`, () => {
      pass(headers);
      expect(memory.recall('k', true)).to.equal(undefined);
    });
  }

  it('keeps nothing that broke off, was an error, or was long', () => {
    const broken = memory.keeper('broken', true);
    broken.begin(200, { ...head, 'cache-control': 'max-age=60' });
    broken.add(Buffer.from('na'));
    const failed = memory.keeper('failed', true);
    failed.begin(404, { ...head, 'cache-control': 'max-age=60' });
    failed.end();
    pass({ 'cache-control': 'max-age=60' }, Buffer.alloc(300 * 1024), 'long');
    for (const key of ['broken', 'failed', 'long']) {
      expect(memory.recall(key, true), key).to.equal(undefined);
    }
  });

  it('answers a HEAD by what a GET brought, and no GET by what a HEAD brought', () => {
    const keeper = memory.keeper('k', false);
    keeper.begin(200, { ...head, 'cache-control': 'max-age=60' });
    keeper.end();
    expect(memory.recall('k', false)).to.not.equal(undefined);
    expect(memory.recall('k', true)).to.equal(undefined);
    pass({ 'cache-control': 'max-age=60' });
    const late = memory.keeper('k', false);
    late.begin(200, { ...head, 'cache-control': 'max-age=60' });
    late.end();
    expect(memory.recall('k', true)?.body).to.have.length(4);
  });

  it('forgets everything when told, what is on its way too', () => {
    pass({ 'cache-control': 'max-age=60' });
    const keeper = memory.keeper('other', true);
    keeper.begin(200, { ...head, 'cache-control': 'max-age=60' });
    memory.forget();
    keeper.end();
    expect(memory.recall('k', true)).to.equal(undefined);
    expect(memory.recall('other', true)).to.equal(undefined);
  });

  it('holds no more than its share of memory', () => {
    for (let index = 0; index < 100; index += 1) {
      pass({ 'cache-control': 'max-age=60' }, Buffer.alloc(10_000), `k${index}`);
    }
    const held = Array.from({ length: 100 }, (_, index) => memory.recall(`k${index}`, true));
    expect(held.filter((answer) => answer !== undefined).length).to.be.within(3, 6);
  });
});
