import { expect } from 'chai';
import { tryHostName } from '../../../lib/net/host-name.ts';
import { UpstreamRefusedError } from '../../../lib/upstream/errors.ts';
import { permittedRealm } from '../../../lib/upstream/token-source.ts';

const hosts = new Set(
  ['registry.test', 'auth.registry.test', '192.0.2.10', '2001:db8::1']
    .map(tryHostName)
    .filter((name) => name !== undefined),
);

function judge(text: string | undefined, permitsPlainHttp = false): string {
  return permittedRealm(text, { hosts, challenger: 'registry.test', permitsPlainHttp }).href;
}

describe('permittedRealm', () => {
  const permitted = [
    'https://registry.test/token',
    'https://auth.registry.test/token?a=b',
    'https://AUTH.registry.test./token',
    'https://registry.test:8443/token',
    'https://192.0.2.10/token',
    'https://[2001:db8::1]/token',
  ];
  for (const text of permitted) {
    it(`permits ${text}`, () => expect(() => judge(text)).not.to.throw());
  }

  const refused = [
    undefined,
    '',
    '/token',
    'https://',
    'http://registry.test/token',
    'https://evil.test/token',
    'https://registry.test.evil.test/token',
    'https://evil.test/registry.test',
    'https://registry.test@evil.test/token',
    'https://user@registry.test/token',
    'https://evil.test#registry.test',
    'https://evil.test\\@registry.test/token',
    'https://169.254.169.254/token',
    'https://xn--registry-test-/token',
    'https://registry.test%2eevil.test/token',
    'file:///token',
    'javascript:alert(1)',
  ];
  for (const text of refused) {
    it(`refuses ${JSON.stringify(text ?? null)}`, () => {
      expect(() => judge(text)).to.throw(UpstreamRefusedError);
    });
  }

  it('names the key that would permit the host', () => {
    expect(() => judge('https://gitlab.test/jwt/auth'))
      .to.throw(UpstreamRefusedError)
      .with.property('hint')
      .that.includes('gitlab.test')
      .and.includes('tokenHosts');
  });

  it('permits plain http only where the upstream is plain http', () => {
    expect(() => judge('http://registry.test/token', true)).not.to.throw();
  });
});
