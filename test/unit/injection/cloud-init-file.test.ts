import { expect } from 'chai';
import { parse } from 'yaml';
import { bundlePem } from '../../../lib/ca/bundle.ts';
import { editUserData } from '../../../lib/injection/cloud-init-file.ts';
import { Rotation } from '../../support/clients/rotation.ts';
import { testAccess } from '../../support/clients/test-access.ts';

const rotation = new Rotation();
const access = testAccess();
const corp = '-----BEGIN CERTIFICATE-----\nY29ycA==\n-----END CERTIFICATE-----\n';
const inject = (text: string, stage: 'before' | 'overlap' | 'after' = 'before'): string =>
  editUserData(text, { bundle: rotation[stage], access });

interface UserData {
  readonly ca_certs: { readonly trusted: readonly string[] };
  readonly write_files: readonly { readonly path: string; readonly content: string }[];
}
const trusted = (text: string): string => (parse(text) as UserData).ca_certs.trusted.join('');

describe('the roots in user-data of cloud-init', () => {
  it('make a new file where there is none', () => {
    const text = inject('');
    expect(text).to.match(/^#cloud-config\n/);
    expect(trusted(text)).to.equal(bundlePem(rotation.before));
    expect((parse(text) as UserData).write_files.map(({ path }) => path)).to.deep.equal([
      '/etc/mirrorgate/ca-bundle.pem',
      ...['docker', 'containers'].map((tool) => `/etc/${tool}/certs.d/hub.mirror.test/ca.crt`),
      ...['docker', 'containers'].map((tool) => `/etc/${tool}/certs.d/mirror.test:8443/ca.crt`),
    ]);
  });

  it('stand beside what is there, whose comments and order are kept', () => {
    const text = `#cloud-config
# who may log in
users: [default] # the usual one
ca_certs:
  # of the company
  trusted:
    - |
      ${corp.trim().split('\n').join('\n      ')}
write_files:
  - path: /etc/motd # shown at login
    content: hello
runcmd: [[ls]]
`;
    const edited = inject(text);
    for (const part of [
      '# who may log in',
      '# the usual one',
      '# of the company',
      '# shown at login',
    ]) {
      expect(edited).to.include(part);
    }
    expect(Object.keys(parse(edited) as object)).to.deep.equal(Object.keys(parse(text) as object));
    expect(trusted(edited)).to.equal(`${corp}${bundlePem(rotation.before)}`);
    expect((parse(edited) as UserData).write_files[0]).to.deep.equal({
      path: '/etc/motd',
      content: 'hello',
    });
  });

  it('go into a file of comments alone', () => {
    const edited = inject('#cloud-config\n# nothing yet\n');
    expect(edited).to.include('# nothing yet');
    expect(trusted(edited)).to.equal(bundlePem(rotation.before));
  });

  it('change nothing the second time', () => {
    const once = inject('#cloud-config\npackages: [curl]\n');
    expect(inject(once)).to.equal(once);
  });

  it('follow a rotation: what was retired goes, what others put there stays', () => {
    const start = inject(`#cloud-config\nca_certs:\n  trusted:\n    - ${JSON.stringify(corp)}\n`);
    const overlap = inject(start, 'overlap');
    expect(trusted(overlap)).to.equal(`${corp}${bundlePem(rotation.overlap)}`);
    const end = inject(overlap, 'after');
    expect(trusted(end)).to.equal(`${corp}${bundlePem(rotation.after)}`);
    expect(end).not.to.include(rotation.old.certificate.toString().split('\n')[1] ?? 'none');
  });

  it('drop the files of a mirror that is gone', () => {
    const { mirrors } = access;
    const one = editUserData(inject(''), {
      bundle: rotation.before,
      access: testAccess({ mirrors: mirrors.slice(0, 1) }),
    });
    expect(one).not.to.include('mirror.test:8443');
  });

  it('use the older spelling where the file does', () => {
    const edited = inject('#cloud-config\nca-certs: {trusted: []}\n');
    expect(parse(edited)).to.have.property('ca-certs');
    expect(parse(edited)).not.to.have.property('ca_certs');
  });

  for (const [what, text] of [
    ['a script', '#!/bin/sh\n'],
    ['a MIME archive', 'Content-Type: multipart/mixed\n'],
    ['no YAML', '#cloud-config\na: [\n'],
    ['a list', '#cloud-config\n- a\n'],
    ['something else at write_files', '#cloud-config\nwrite_files: yes\n'],
  ] as const) {
    it(`refuse ${what}`, () => {
      expect(() => inject(text))
        .to.throw()
        .with.property('code', 'MIRRORGATE_INJECT_UNSUITABLE');
    });
  }
});
