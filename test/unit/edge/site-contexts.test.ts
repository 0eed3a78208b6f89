import { expect } from 'chai';
import { SiteContexts } from '../../../lib/edge/site-contexts.ts';
import { benchCertificate } from '../../support/edge/edge-bench.ts';
import { hostNames } from '../../support/test-certificates.ts';

const sites = [
  {
    name: 'hub',
    issuer: 'private-ca',
    hosts: hostNames('hub.example.test', 'xn--bcher-kva.example.test', 'kube.example.test'),
  },
  {
    name: 'universal',
    issuer: 'acme',
    hosts: hostNames('mirror.example.test', '127.0.0.1', '2001:db8::1'),
  },
] as const;

describe('SiteContexts', () => {
  let contexts: SiteContexts;

  beforeEach(() => {
    contexts = new SiteContexts();
    contexts.setSites(sites);
    for (const { name, hosts } of sites) contexts.setCertificate(name, benchCertificate(hosts));
  });

  it('finds a name in whatever spelling', () => {
    const context = contexts.lookup('hub.example.test');
    expect(context).to.not.equal(undefined);
    for (const name of ['HUB.EXAMPLE.TEST', 'Hub.Example.Test.', 'xn--bcher-kva.example.test']) {
      expect(contexts.lookup(name), name).to.equal(context);
    }
    expect(contexts.lookup('mirror.example.test')).to.not.equal(context);
  });

  it('knows no other name, and throws for none', () => {
    const odd = [
      '',
      '.',
      '..',
      'other.example.test',
      'example.test',
      'hub.example.test..',
      '.hub.example.test',
      'hub.example.test\u0000.evil.test',
      'hub.example.test\u0000',
      'hub.example.test:443',
      ' hub.example.test',
      '*.example.test',
      'b\u00fccher.example.test',
      '\u212aube.example.test',
      'constructor',
      '__proto__',
      `${'a'.repeat(64)}.example.test`,
      `${'a.'.repeat(127)}example.test`,
    ];
    for (const name of odd) expect(contexts.lookup(name), name).to.equal(undefined);
  });

  it('takes no address as a server name (RFC 6066 §3)', () => {
    for (const name of ['127.0.0.1', '127.0.0.1.', '2001:db8::1', '[2001:db8::1]']) {
      expect(contexts.lookup(name), name).to.equal(undefined);
    }
  });

  it('finds the site of the address that a client connected to', () => {
    expect(contexts.siteOfAddress({ localAddress: '127.0.0.1' })).to.equal('universal');
    expect(contexts.siteOfAddress({ localAddress: '::ffff:127.0.0.1' })).to.equal('universal');
    expect(contexts.siteOfAddress({ localAddress: '2001:db8:0::1' })).to.equal('universal');
    expect(contexts.siteOfAddress({ localAddress: '127.0.0.2' })).to.equal(undefined);
    expect(contexts.siteOfAddress({ localAddress: undefined })).to.equal(undefined);
  });

  it('uses a renewed certificate from the next lookup on', () => {
    const before = contexts.lookup('hub.example.test');
    contexts.setCertificate('hub', benchCertificate(['hub.example.test']));
    expect(contexts.lookup('hub.example.test')).to.not.be.oneOf([before, undefined]);
  });

  it('knows a site without certificate, and has no context for it', () => {
    contexts.setSites([
      ...sites,
      { name: 'new', issuer: 'files', hosts: hostNames('new.example.test') },
    ]);
    expect(contexts.isKnown(hostNames('new.example.test')[0]!)).to.equal(true);
    expect(contexts.lookup('new.example.test')).to.equal(undefined);
    expect(contexts.serverOptions('new')).to.not.have.property('key');
  });

  it('forgets the certificates of sites that are gone', () => {
    contexts.setSites(sites.slice(1));
    expect(contexts.lookup('hub.example.test')).to.equal(undefined);
    contexts.setSites(sites);
    expect(contexts.lookup('hub.example.test')).to.equal(undefined);
    expect(contexts.lookup('mirror.example.test')).to.not.equal(undefined);
  });
});
