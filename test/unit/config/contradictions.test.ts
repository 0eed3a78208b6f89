import { expect } from 'chai';
import { tryHostName } from '../../../lib/net/host-name.ts';
import { isPermitted } from '../../../lib/config/contradictions.ts';
import { nameSubtree } from '../../../lib/config/scalars.ts';
import { load, problemsOf } from './written-configuration.ts';

const universal = 'universal: {hosts: [mirror.test]}\n';

describe('what is valid alone and not together', () => {
  const cases: readonly (readonly [what: string, text: string, places: readonly string[]])[] = [
    ['no mirror and no service', 'universal: {hosts: [a.test]}\n', ['1 ']],
    ['a mirror that no host leads to', 'mirrors: [docker.io]\n', ['1 mirrors[0]']],
    [
      'a registry twice',
      `${universal}mirrors:\n- docker.io\n- {registry: docker.io, name: b}\n`,
      ['4 mirrors[1]'],
    ],
    [
      'a name twice',
      `${universal}mirrors:\n- docker.io\n- {registry: a.test, name: hub}\n`,
      ['4 mirrors[1]'],
    ],
    ['a registry without a name', `${universal}mirrors:\n- registry.test\n`, ['3 mirrors[0]']],
    [
      'a reserved name',
      `${universal}mirrors:\n- {registry: a.test, name: universal}\n`,
      ['3 mirrors[0]'],
    ],
    [
      'a host twice',
      `${universal}mirrors:\n- {registry: quay.io, hosts: [a.test, MIRROR.test.]}\n`,
      ['3 mirrors[0].hosts[1]'],
    ],
    [
      'a port twice',
      `${universal}mirrors:\n- {registry: quay.io, ports: [5000]}\n- {registry: gcr.io, ports: [5001, 5000]}\n`,
      ['4 mirrors[1].ports[1]'],
    ],
    [
      'a port that the gate listens on',
      `${universal}mirrors:\n- {registry: quay.io, ports: [443, 80, 9180, 5000]}\n`,
      ['3 mirrors[0].ports[0]', '3 mirrors[0].ports[1]', '3 mirrors[0].ports[2]'],
    ],
    [
      'an address that two listeners want',
      `${universal}mirrors: [docker.io]\nlisten: {https: ["127.0.0.1:80", "127.0.0.1:80"]}\n`,
      ['3 listen.https[1]', '3 listen.http[0]'],
    ],
    [
      'an IPv6 wildcard beside an IPv4 address',
      `${universal}mirrors: [docker.io]\nlisten: {https: ["0.0.0.0:443", "[::]:443"]}\n`,
      ['3 listen.https[1]'],
    ],
    [
      'an admin listener on a taken port',
      `${universal}mirrors: [docker.io]\nlisten: {admin: "127.0.0.1:443"}\n`,
      ['3 listen.admin'],
    ],
    [
      'plain http to a public upstream',
      `${universal}mirrors:\n- {registry: a.test, name: a, upstream: "http://a.test"}\n`,
      ['3 mirrors[0].upstream'],
    ],
    [
      'an account for every repository',
      `${universal}mirrors:\n- registry: quay.io\n  credentials: {username: a, password: {env: HOME}}\n`,
      ['4 mirrors[0].credentials', '4 mirrors[0].credentials.password'],
    ],
    [
      'an issuer of files without files',
      'mirrors:\n- {registry: quay.io, hosts: [a.test], issuer: files}\n',
      ['2 mirrors[0]'],
    ],
    [
      'an issuer of ACME without a word about it',
      'mirrors:\n- {registry: quay.io, hosts: [a.test], issuer: acme}\n',
      ['2 mirrors[0]'],
    ],
    [
      'an ACME CA whose terms nobody agreed to',
      'certificates: {issuer: acme, acme: {agreeToTerms: true, fallback: [{directory: "https://ca.test/dir"}]}}\nuniversal: {hosts: [a.test]}\nmirrors: [docker.io]\n',
      ['1 certificates.acme.fallback[0]'],
    ],
    [
      'challenges without what they need',
      'certificates: {acme: {challenges: [dns-01]}}\nuniversal: {hosts: [a.test]}\nmirrors: [docker.io]\n',
      ['1 certificates.acme.challenges'],
    ],
    [
      'wildcards without a command for DNS',
      'certificates: {acme: {wildcards: [a.test]}}\nuniversal: {hosts: [a.test]}\nmirrors: [docker.io]\n',
      ['1 certificates.acme.wildcards'],
    ],
    [
      'tokens with no port to show them at',
      'listen: {http: []}\ncertificates: {acme: {challenges: [http-01]}}\nuniversal: {hosts: [a.test]}\nmirrors: [docker.io]\n',
      ['1 listen.http'],
    ],
    [
      'hosts outside the name constraints',
      'certificates: {privateCa: {permitted: [a.test, 192.0.2.0/24]}}\nuniversal: {hosts: [x.a.test, xa.test, 192.0.2.7, 192.0.3.7]}\nmirrors: [docker.io]\n',
      ['2 universal.hosts[1]', '2 universal.hosts[3]'],
    ],
  ];
  for (const [what, text, places] of cases) {
    it(`is told: ${what}`, async () => {
      const problems = await problemsOf(text);
      expect(problems.map(({ line, key }) => `${line ?? 0} ${key}`)).to.have.members(places);
      for (const { fix } of problems) expect(fix).to.be.a('string');
    });
  }

  it('is not seen where there is none', async () => {
    await load(`listen: {https: ["127.0.0.1:0", "[::1]:0", "192.0.2.1:443", "192.0.2.2:443"], http: []}
mirrors:
- {registry: quay.io, ports: [5000], hosts: [a.test]}
- {registry: a.test, name: a, upstream: "http://10.0.0.1", allowPrivateUpstream: true, hosts: [b.test]}
services: [{name: s3, hosts: [s3.test], target: "http://127.0.0.1:9000"}]\n`);
    await load('services: [{name: s3, hosts: [s3.test], target: "http://127.0.0.1:9000"}]\n');
  });
});

describe('a host', () => {
  function permits(subtree: string, host: string): boolean {
    const name = tryHostName(host);
    return name !== undefined && isPermitted(name, [nameSubtree.parse(subtree)]);
  }

  it('is permitted by its own name, the zones above it, and the blocks around it alone', () => {
    const yes = [
      ['a.test', 'a.test'],
      ['a.test', 'x.y.a.test'],
      ['192.0.2.0/24', '192.0.2.7'],
      ['2001:db8::/32', '2001:db8::7'],
    ] as const;
    const no = [
      ['a.test', 'xa.test'],
      ['a.test', 'test'],
      ['x.a.test', 'a.test'],
      ['192.0.2.0/24', '192.0.3.7'],
      ['::/0', '192.0.2.7'],
      ['0.0.0.0/0', '2001:db8::7'],
      ['0.0.0.0/0', 'a.test'],
    ] as const;
    expect(yes.filter(([subtree, host]) => !permits(subtree, host))).to.deep.equal([]);
    expect(no.filter(([subtree, host]) => permits(subtree, host))).to.deep.equal([]);
  });
});
