import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { bundleJson, bundlePem } from '../../../lib/ca/bundle.ts';
import { endorse } from '../../../lib/ca/succession.ts';
import { clientSetup } from '../../../lib/clients/tools.ts';
import { installScript } from '../../../lib/clients/install-script.ts';
import { Installer, type Tools } from '../../support/clients/installer.ts';
import { newRoot, Rotation, told } from '../../support/clients/rotation.ts';
import { testAccess } from '../../support/clients/test-access.ts';
import { scaled } from '../../support/scale.ts';

const debian = ['usr/share/ca-certificates', 'usr/local/share/ca-certificates'];
const anchors = '/usr/local/share/ca-certificates';
const bundleFile = '/etc/mirrorgate/ca-bundle.pem';
const rotation = new Rotation();
const [oldPin, newPin] = [rotation.fingerprint('old'), rotation.fingerprint('new')];
const anchorOf = (print: string): string => `${anchors}/mirrorgate-${print.slice(0, 16)}.crt`;

describe('install.sh', function () {
  this.timeout(20_000);
  const opened: Installer[] = [];
  afterEach(async () => {
    for (const installer of opened.splice(0)) await installer.close();
  });
  async function installer(tools: Tools = 'dash', folders = debian): Promise<Installer> {
    const created = await Installer.create(tools, folders);
    opened.push(created);
    return created;
  }

  it('has nothing for shellcheck to say', function () {
    const { error, stdout } = spawnSync('shellcheck', ['-s', 'sh', '-'], {
      input: installScript(testAccess()),
      encoding: 'utf8',
    });
    if (error !== undefined) {
      console.warn('    skipped, the lab lacks shellcheck');
      this.skip();
    }
    expect(stdout).to.equal('');
  });

  for (const tools of ['dash', 'busybox'] as const) {
    describe(`by ${tools}`, () => {
      it('installs the root that is pinned, and says what it did', async () => {
        const target = await installer(tools);
        const { status, output } = await target.run(rotation.before, oldPin);
        expect(status, output).to.equal(0);
        expect(await target.read(bundleFile)).to.equal(bundlePem(rotation.before));
        expect(await target.read(anchorOf(oldPin))).to.equal(bundlePem(rotation.before));
        expect(output).to.include(`wrote ${bundleFile}`).and.include('update-ca-certificates');
      });

      it('follows a rotation to its end without being told a new fingerprint', async () => {
        const target = await installer(tools);
        await target.run(rotation.before, oldPin);
        for (const stage of ['overlap', 'switched', 'after'] as const) {
          const { status, output } = await target.run(rotation[stage]);
          expect(status, output).to.equal(0);
          expect(await target.read(bundleFile)).to.equal(bundlePem(rotation[stage]));
        }
        expect(await target.files())
          .to.include(anchorOf(newPin))
          .and.not.include(anchorOf(oldPin));
      });

      it('refuses a root that nobody signed, and changes nothing', async () => {
        const target = await installer(tools);
        await target.run(rotation.before, oldPin);
        const stranger = { version: 9, roots: [told(newRoot(), 'active')] } as const;
        const { status, output } = await target.run(stranger);
        expect(status).to.equal(1);
        expect(output).to.include('neither pinned nor signed');
        expect(await target.read(bundleFile)).to.equal(bundlePem(rotation.before));
      });

      it('refuses a root whose signature is not by the root that it names', async () => {
        const target = await installer(tools);
        await target.run(rotation.before, oldPin);
        const impostor = newRoot();
        const { by } = rotation.endorsement;
        const forged = { ...endorse(impostor, impostor.certificate), by };
        const bundle = {
          version: 9,
          roots: [told(rotation.old, 'active'), told(impostor, 'next', forged)],
        } as const;
        const { status, output } = await target.run(bundle);
        expect(status).to.equal(1);
        expect(output).to.include('NOT signed');
        expect(await target.read(bundleFile)).to.equal(bundlePem(rotation.before));
      });
    });
  }

  it('installs nothing without a fingerprint on a machine that has no root yet', async () => {
    const target = await installer();
    const { status, output } = await target.run(rotation.before);
    expect(status).to.equal(2);
    expect(output).to.include('no fingerprint is pinned');
    expect(await target.files()).to.deep.equal([]);
  });

  it('installs nothing where the fingerprint is of another root', async () => {
    const target = await installer();
    const { status, output } = await target.run(rotation.before, newPin);
    expect(status).to.equal(1);
    expect(output).to.include('mirrorgate ca fingerprint');
    expect(await target.files()).to.deep.equal([]);
  });

  for (const wrong of ['abc', 'z'.repeat(64), 'a'.repeat(63)]) {
    it(`takes ${wrong.slice(0, 4)}… of ${wrong.length} characters for no fingerprint`, async () => {
      const { status } = await (await installer()).run(rotation.before, wrong);
      expect(status).to.equal(2);
    });
  }

  it('takes a fingerprint as openssl prints it, and from the environment of its caller', async () => {
    const target = await installer();
    const spelled = oldPin.toUpperCase().match(/../g)?.join(':') ?? '';
    expect((await target.run(rotation.before, spelled)).status).to.equal(0);
  });

  it('leaves out a retiring root that the pinned one does not vouch for', async () => {
    const target = await installer();
    const { status, output } = await target.run(rotation.switched, newPin);
    expect(status, output).to.equal(0);
    expect(output).to.include('left out');
    expect(await target.read(bundleFile)).to.equal(bundlePem(rotation.after));
  });

  it('refuses a second certificate that hides behind a pinned one', async () => {
    const target = await installer();
    const json = JSON.parse(bundleJson(rotation.before)) as { roots: { pem: string }[] };
    const [root] = json.roots;
    if (root !== undefined) root.pem += newRoot().certificate.toString();
    const { status } = await target.runText(JSON.stringify(json, undefined, 2), oldPin);
    expect(status).to.equal(1);
    expect(await target.files()).to.deep.equal([]);
  });

  it('shows nothing of a bundle that could steer a terminal', async () => {
    const target = await installer();
    const json = bundleJson(rotation.before).replace('"active"', '"\u001b[2Jactive"');
    const { status, output } = await target.runText(json, oldPin);
    expect(status).to.equal(1);
    expect(output).not.to.include('\u001b');
  });

  it('refuses what is no bundle', async () => {
    const target = await installer();
    for (const text of ['', '<html>', '{"version":1}', `{\n  "version": 1,\n  "roots": []\n}`]) {
      expect((await target.runText(text, oldPin)).status).to.equal(1);
    }
    expect(await target.files()).to.deep.equal([]);
  });

  it('refuses a fingerprint that it was never told and that no root has, later too', async () => {
    const target = await installer();
    await target.run(rotation.before, oldPin);
    const { status, output } = await target.run(rotation.before, newPin);
    expect(status).to.equal(1);
    expect(output).to.include(newPin);
  });

  it('takes the first fingerprint for good after its root was retired, where it followed', async () => {
    const target = await installer();
    await target.run(rotation.before, oldPin);
    await target.run(rotation.overlap, oldPin);
    const { status, output } = await target.run(rotation.after, oldPin);
    expect(status, output).to.equal(0);
    expect(await target.read(bundleFile)).to.equal(bundlePem(rotation.after));
  });

  it('changes nothing the second time', async () => {
    const target = await installer('dash', [...debian, 'etc/docker', 'etc/containerd']);
    await target.run(rotation.before, oldPin);
    const { status, output } = await target.run(rotation.before, oldPin);
    expect(status).to.equal(0);
    expect(output).not.to.match(/wrote|removed|run /);
  });

  it('is finished by the next run wherever it was killed', async function () {
    this.timeout(scaled(20_000));
    const folders = [...debian, 'etc/docker', 'etc/containerd'];
    const contents = async (target: Installer) =>
      Object.fromEntries(
        await Promise.all(
          (await target.files()).map(async (path) => [path, await target.read(path)] as const),
        ),
      );
    const fresh = await installer('dash', folders);
    await fresh.run(rotation.before, oldPin);
    await fresh.run(rotation.after, '--follow');
    const began = Date.now();
    const target = await installer('dash', folders);
    await target.run(rotation.before, oldPin);
    const runMs = Date.now() - began;
    const kills = scaled(6);
    for (let kill = 0; kill < kills; kill += 1) {
      await target.killed(rotation.after, (kill * runMs) / kills, '--follow');
      const { status, output } = await target.run(rotation.after, '--follow');
      expect(status, output).to.equal(0);
      expect(await contents(target)).to.deep.equal(await contents(fresh));
      await target.fetching('--uninstall');
      await target.run(rotation.before, oldPin);
    }
  });

  it('takes out everything that it put there, and nothing else', async () => {
    const target = await installer('dash', [...debian, 'etc/docker', 'etc/containers']);
    await target.write('/etc/docker/daemon.json', '{}');
    await target.write(`${anchors}/corp.crt`, 'corp');
    const before = await target.files();
    await target.run(rotation.overlap, oldPin, '--all', '--follow');
    expect((await target.files()).length).to.be.above(before.length + 8);
    const { status, output } = await target.fetching('--uninstall');
    expect(status, output).to.equal(0);
    expect(await target.files()).to.deep.equal(before);
  });

  describe('without openssl', () => {
    it('checks a pinned root by sha256sum', async () => {
      const target = await installer('bare');
      const { status, output } = await target.run(rotation.before, oldPin);
      expect(status, output).to.equal(0);
      expect(await target.read(bundleFile)).to.equal(bundlePem(rotation.before));
      expect((await target.run(rotation.before, newPin)).status).to.equal(1);
    });

    it('leaves out the next root, whose signature it cannot check, unless it is pinned', async () => {
      const target = await installer('bare');
      const { output } = await target.run(rotation.overlap, oldPin);
      expect(output).to.include('without openssl');
      expect(await target.read(bundleFile)).to.equal(bundlePem(rotation.before));
      await target.run(rotation.overlap, newPin);
      expect(await target.read(bundleFile)).to.equal(bundlePem(rotation.overlap));
    });
  });

  describe('puts the root where the system looks for it:', () => {
    const systems = {
      'Debian, Ubuntu, Alpine': ['usr/share/ca-certificates', anchors],
      'RHEL, Fedora': ['etc/pki/ca-trust/source', '/etc/pki/ca-trust/source/anchors'],
      SUSE: ['etc/pki/trust', '/etc/pki/trust/anchors'],
      Arch: ['etc/ca-certificates/trust-source', '/etc/ca-certificates/trust-source/anchors'],
    } as const;
    for (const [system, [folder, place]] of Object.entries(systems)) {
      it(system, async () => {
        const target = await installer('dash', [folder]);
        await target.run(rotation.before, oldPin);
        const root = await target.read(`${place}/mirrorgate-${oldPin.slice(0, 16)}.crt`);
        expect(new X509Certificate(root).raw).to.deep.equal(rotation.old.certificate.raw);
      });
    }

    it('not at all with --no-system, also when it is run again', async () => {
      const target = await installer();
      await target.run(rotation.before, oldPin, '--no-system');
      await target.run(rotation.overlap);
      expect((await target.files()).filter((file) => file.startsWith(anchors))).to.deep.equal([]);
      expect(await target.read(bundleFile)).to.equal(bundlePem(rotation.overlap));
    });
  });

  describe('sets up container tools:', () => {
    it('those that are there', async () => {
      const target = await installer('dash', [...debian, 'etc/docker', 'etc/containerd']);
      await target.run(rotation.before, oldPin);
      const files = await target.files();
      expect(files).to.include.members([
        '/etc/docker/certs.d/hub.mirror.test/ca.crt',
        '/etc/docker/certs.d/mirror.test:8443/ca.crt',
        '/etc/containerd/certs.d/ghcr.io/hosts.toml',
      ]);
      expect(files.filter((file) => /containers|buildkit/.test(file))).to.deep.equal([]);
    });

    it('containerd and BuildKit as "client" prints them', async () => {
      const target = await installer();
      await target.run(rotation.before, oldPin, '--all');
      const uncommented = (text: string): string => text.replace(/^#.*\n/gm, '').trim();
      for (const tool of ['containerd', 'buildkit'] as const) {
        for (const { path, content } of clientSetup(tool, testAccess()).files) {
          expect(uncommented(await target.read(path))).to.equal(uncommented(content));
        }
      }
    });

    it('but never over what others wrote', async () => {
      const target = await installer('dash', [...debian, 'etc/containerd']);
      const theirs = { '/etc/containerd/certs.d/docker.io/hosts.toml': 'server = "x"\n' };
      for (const [path, text] of Object.entries(theirs)) await target.write(path, text);
      await target.write('/etc/buildkit/buildkitd.toml', 'debug = true\n');
      const { output } = await target.run(rotation.before, oldPin);
      for (const [path, text] of Object.entries(theirs)) {
        expect(await target.read(path)).to.equal(text);
        expect(output).to.include(`left alone ${path}`);
      }
      expect(await target.read('/etc/buildkit/buildkitd.toml')).to.equal('debug = true\n');
    });
  });

  describe('follows rotations with --follow', () => {
    it('by a systemd timer, else by cron, and keeps doing so when it is run again', async () => {
      const follower = '/usr/local/sbin/mirrorgate-trust';
      const timer = '/etc/systemd/system/mirrorgate-trust.timer';
      const withSystemd = await installer('dash', [...debian, 'lib/systemd/system']);
      await withSystemd.run(rotation.before, oldPin, '--follow');
      await withSystemd.run(rotation.overlap);
      expect(await withSystemd.files()).to.include.members([follower, timer]);
      const { status } = spawnSync('dash', ['-n', `${withSystemd.root}${follower}`]);
      expect(status).to.equal(0);
      const withCron = await installer('busybox');
      await withCron.run(rotation.before, oldPin, '--follow');
      expect(await withCron.read('/etc/cron.d/mirrorgate-trust')).to.match(
        /^\d+ \d+ \* \* \* root \/usr\/local\/sbin\/mirrorgate-trust/,
      );
    });
  });

  for (const [tools, program] of [
    ['dash', 'curl'],
    ['busybox', 'wget'],
  ] as const) {
    it(`fetches by ${program}, and remembers from where`, async () => {
      let served = rotation.before;
      const server = createServer((request, response) => {
        response.statusCode = request.url === '/ca/bundle.json' ? 200 : 404;
        response.end(bundleJson(served));
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      try {
        const target = await installer(tools);
        expect((await target.fetching(oldPin, '--url', url)).status).to.equal(0);
        served = rotation.overlap;
        expect((await target.fetching()).status).to.equal(0);
        expect(await target.read(bundleFile)).to.equal(bundlePem(rotation.overlap));
      } finally {
        server.close();
      }
    });
  }

  it('says in one line that the gate cannot be reached', async () => {
    const target = await installer();
    const { status, output } = await target.fetching(oldPin, '--url', 'http://127.0.0.1:9');
    expect(status).to.equal(1);
    expect(output).to.include('cannot fetch http://127.0.0.1:9/ca/bundle.json');
  });
});
