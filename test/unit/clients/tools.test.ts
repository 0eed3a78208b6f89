import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { parse } from 'yaml';
import { clientSetup, clientText, clientTools } from '../../../lib/clients/tools.ts';
import {
  bundlePem,
  ghcr,
  hub,
  publicAccess,
  testAccess,
} from '../../support/clients/test-access.ts';

describe('the configuration of every tool', () => {
  for (const tool of clientTools) {
    it(`${tool}: has a check, a way back, and names nothing of a private CA where there is none`, () => {
      const setup = clientSetup(tool, testAccess());
      expect(setup.check).not.to.deep.equal([]);
      expect(setup.undo).not.to.deep.equal([]);
      expect(clientText(tool, testAccess())).to.match(/ca-bundle\.pem|abababab/);
      expect(clientText(tool, publicAccess())).not.to.match(
        /ca-bundle\.pem|fingerprint|install\.sh [0-9a-f]/,
      );
    });
  }

  it('pins the fingerprint of the CA wherever the client has to trust it', () => {
    const pinned = clientTools.filter((tool) =>
      clientText(tool, testAccess()).includes('abababab'),
    );
    // cloud-init carries the roots themselves.
    expect(pinned).to.have.members(clientTools.filter((tool) => tool !== 'cloud-init'));
  });

  it('is of one file that file, which its own format reads with the comments in it', () => {
    const k3s: unknown = parse(clientText('k3s', testAccess()));
    expect(k3s).to.deep.equal({
      mirrors: {
        'docker.io': { endpoint: ['https://hub.mirror.test'] },
        'ghcr.io': { endpoint: ['https://mirror.test:8443'] },
      },
      configs: {
        'hub.mirror.test': { tls: { ca_file: '/etc/mirrorgate/ca-bundle.pem' } },
        'mirror.test:8443': { tls: { ca_file: '/etc/mirrorgate/ca-bundle.pem' } },
      },
    });
    expect(parse(clientText('k3s', publicAccess()))).not.to.have.property('configs');
    expect(readToml(clientText('buildkit', testAccess()))).to.deep.equal({
      registry: {
        'docker.io': { mirrors: ['hub.mirror.test'] },
        'ghcr.io': { mirrors: ['mirror.test:8443'] },
        'hub.mirror.test': { ca: ['/etc/mirrorgate/ca-bundle.pem'] },
        'mirror.test:8443': { ca: ['/etc/mirrorgate/ca-bundle.pem'] },
      },
    });
  });

  it('is of several files a script that sh reads', () => {
    for (const tool of ['docker', 'containerd'] as const) {
      execFileSync('sh', ['-n'], { input: clientText(tool, testAccess()) });
    }
  });

  it('containerd: falls back to where the registry is really served', () => {
    const [dockerHub, other] = clientSetup('containerd', testAccess()).files;
    expect(readToml(dockerHub?.content ?? '')).to.deep.equal({
      server: 'https://registry-1.docker.io',
      host: {
        'https://hub.mirror.test': {
          capabilities: ['pull', 'resolve'],
          ca: '/etc/mirrorgate/ca-bundle.pem',
          dial_timeout: '3s',
        },
      },
    });
    expect(readToml(other?.content ?? '')).to.have.property('server', 'https://ghcr.io');
  });

  it('podman: names the registry in the path of a shared host, since it sends no ns', () => {
    const [file] = clientSetup('podman', testAccess()).files;
    expect(readToml(file?.content ?? '')).to.deep.equal({
      registry: [
        { location: 'docker.io', mirror: [{ location: 'hub.mirror.test' }] },
        { location: 'ghcr.io', mirror: [{ location: 'mirror.test:8443/ghcr.io' }] },
      ],
    });
  });

  it('docker: mirrors docker.io alone in daemon.json, and every registry by hosts.toml', () => {
    const { files } = clientSetup('docker', testAccess());
    expect(files.map(({ path, policy }) => [path, policy])).to.deep.equal([
      ['/etc/docker/daemon.json', 'keep'],
      ['/etc/docker/certs.d/docker.io/hosts.toml', 'replace'],
      ['/etc/docker/certs.d/ghcr.io/hosts.toml', 'replace'],
    ]);
    expect(JSON.parse(files[0]?.content ?? '')).to.deep.equal({
      'registry-mirrors': ['https://hub.mirror.test'],
    });
    const without = clientSetup('docker', testAccess({ mirrors: [ghcr] }));
    expect(without.files.map(({ path }) => path)).not.to.include('/etc/docker/daemon.json');
  });

  it('cloud-init: begins with its mark and holds each root by itself', () => {
    const text = clientText('cloud-init', testAccess());
    expect(text).to.match(/^#cloud-config\n/);
    const { ca_certs: roots, write_files: files } = parse(text) as {
      readonly ca_certs: { readonly trusted: readonly string[] };
      readonly write_files: readonly { readonly path: string; readonly content: string }[];
    };
    expect(roots.trusted).to.have.length(2);
    expect(roots.trusted.join('')).to.equal(bundlePem);
    const paths = files.map(({ path }) => path);
    expect(paths).to.include.members([
      '/etc/mirrorgate/ca-bundle.pem',
      '/etc/docker/certs.d/hub.mirror.test/ca.crt',
      '/etc/containers/certs.d/mirror.test:8443/ca.crt',
      '/etc/containerd/certs.d/ghcr.io/hosts.toml',
    ]);
    expect(paths).not.to.include('/etc/docker/daemon.json');
  });

  it('npm: is for the service of that name, and says so where there is none', () => {
    expect(clientText('npm', testAccess())).to.match(/^registry=https:\/\/npm\.mirror\.test\/$/m);
    expect(() => clientText('npm', testAccess({ services: [] })))
      .to.throw()
      .with.property('code', 'MIRRORGATE_CLIENT_UNSERVED');
  });

  it('github-actions: gives the action every mirror, and the builder its own configuration', () => {
    const { steps } = parse(clientText('github-actions', testAccess())) as {
      readonly steps: readonly { readonly with: Readonly<Record<string, string>> }[];
    };
    const [, action, builder] = steps;
    expect(action?.with['mirrors']).to.equal(
      'docker.io=hub.mirror.test\nghcr.io=mirror.test:8443\n',
    );
    expect(action?.with['url']).to.equal('http://mirror.test');
    expect(builder?.with['buildkitd-config']).to.include('steps.mirrorgate.outputs');
  });

  it('is for one mirror where only one is wanted', () => {
    expect(clientText('podman', testAccess({ mirrors: [hub] }))).not.to.include('ghcr.io"');
  });
});

/** As Python's tomllib reads it. */
function readToml(text: string): unknown {
  const program = 'import json, sys, tomllib; print(json.dumps(tomllib.load(sys.stdin.buffer)))';
  return JSON.parse(execFileSync('python3', ['-c', program], { input: text, encoding: 'utf8' }));
}
