import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { landingPage } from '../../../lib/app/landing-page.ts';
import { clientText, clientTools } from '../../../lib/clients/tools.ts';
import { publicAccess, testAccess } from '../../support/clients/test-access.ts';

function page(access = testAccess()): { readonly body: string; readonly policy: string } {
  const tools = clientTools.map((tool) => ({ tool, text: clientText(tool, access) }));
  const { body, contentSecurityPolicy = '' } = landingPage(access, tools);
  return { body: String(body), policy: contentSecurityPolicy };
}

describe('the page at / of a mirror host', () => {
  it('names each mirror as clients write it, and the fingerprint of the CA', () => {
    const { body } = page();
    expect(body).to.include('<code>hub.mirror.test</code>');
    expect(body).to.include('<code>mirror.test:8443/ghcr.io</code>');
    expect(body).to.include(`sh install.sh ${'ab'.repeat(32)}`);
  });

  it('has the text of every tool, escaped, and links to it', () => {
    const { body } = page();
    for (const tool of clientTools) expect(body).to.include(`href="/setup/${tool}"`);
    expect(body).to.include('cat &gt; /etc/containerd/certs.d/');
    expect(body).not.to.include("<<'EOF'");
  });

  it('says nothing of a CA where certificates are such as everybody trusts', () => {
    expect(page(publicAccess()).body).not.to.match(/fingerprint|Trust its CA/);
    expect(page().body).to.match(/Trust its CA[^]*fingerprint/);
  });

  it('permits its one style by its hash, and nothing else', () => {
    const { body, policy } = page();
    const [, style = ''] = /<style>([^]*?)<\/style>/.exec(body) ?? [];
    const hash = createHash('sha256').update(style).digest('base64');
    expect(policy).to.include(`style-src 'sha256-${hash}'`);
    expect(policy).to.match(/^default-src 'none';/);
    expect(body).not.to.match(/<script|<img|<link|\son\w+=|\sstyle=|\ssrc=/);
    expect([...body.matchAll(/href="([^"]*)"/g)].map(([, href = '']) => href)).to.satisfy(
      (hrefs: string[]) => hrefs.every((href) => href.startsWith('/setup/')),
    );
  });

  it('is small', () => {
    expect(page().body.length).to.be.below(32_768);
  });
});
