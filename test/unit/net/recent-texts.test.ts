import { expect } from 'chai';
import { tryHostHeader } from '../../../lib/net/host-name.ts';
import { RecentTexts } from '../../../lib/net/recent-texts.ts';

describe('RecentTexts', () => {
  it('tells what was made of a text, and nothing of others', () => {
    const texts = new RecentTexts<string>();
    expect(texts.set('a', 'first')).to.equal('first');
    expect(texts.get('a')).to.equal('first');
    expect(texts.get('b')).to.equal(undefined);
  });

  it('keeps no long text', () => {
    const texts = new RecentTexts<string>();
    const long = 'x'.repeat(513);
    expect(texts.set(long, 'read')).to.equal('read');
    expect(texts.get(long)).to.equal(undefined);
    expect(texts.set(long.slice(1), 'read') && texts.get(long.slice(1))).to.equal('read');
  });

  it('is bounded, whatever crowd of texts comes', () => {
    const texts = new RecentTexts<string>();
    const kept = (): number =>
      Array.from({ length: 2_500 }, (_, index) => texts.get(`text ${index}`)).filter(Boolean)
        .length;
    for (let index = 0; index < 2_500; index += 1) texts.set(`text ${index}`, 'meaning');
    expect(kept()).to.be.within(1, 1_000);
    expect(texts.get('text 2499')).to.equal('meaning');
  });

  it('changes nothing of how a Host header is read, the second time', () => {
    for (const header of ['Hub.Example.com:8443', '[2001:DB8::1]:443', 'a..b', 'x:99999']) {
      expect(tryHostHeader(header)).to.equal(tryHostHeader(header));
    }
    expect(tryHostHeader('Hub.Example.com:8443')).to.equal('hub.example.com');
    expect(tryHostHeader('a..b')).to.equal(undefined);
  });
});
