import { chmod, chown, copyFile } from 'node:fs/promises';
import { expect } from 'chai';
import { GateFolder, readyLine } from '../../support/app/gate-folder.ts';
import { writePair } from '../../support/app/certificate-pair.ts';
import { expectRefusal } from '../../support/app/program.ts';
import { asNobody, nobody, requireNobody } from '../../support/app/unprivileged.ts';

const authority = 'certs/ca/authority.json';
const previous = 'certs/ca/authority.previous.json';

describe('a start on a private CA', () => {
  let folder: GateFolder;

  const madeBefore = async (): Promise<void> => {
    await folder.run('ca', 'init');
  };
  beforeEach(async () => {
    folder = await GateFolder.create();
  });
  afterEach(() => folder.close());

  it('is refused where others can read its key', async () => {
    await madeBefore();
    await chmod(folder.join(authority), 0o644);
    expectRefusal(await folder.serveInVain(), 1, [folder.join(authority), '644', 'chmod 600']);
  });

  it('is refused where its folder is open to others', async () => {
    await madeBefore();
    await chmod(folder.join('certs/ca'), 0o750);
    expectRefusal(await folder.serveInVain(), 1, [folder.join('certs/ca'), '750', 'chmod 700']);
  });

  it('is refused where its key belongs to another user', async function () {
    await requireNobody(this);
    await madeBefore();
    await folder.giveTo(nobody);
    await chown(folder.join(authority), 0, 0);
    const outcome = await folder.serveInVain({ runtime: [...asNobody, process.execPath] });
    expectRefusal(outcome, 1, [folder.join(authority), 'belongs to user 0']);
  });

  it('is refused where both generations are damaged, and makes no other CA', async () => {
    await madeBefore();
    for (const damage of ['{"version": 7}', 'no JSON\nat all']) {
      await folder.write(authority, damage);
      await copyFile(folder.join(authority), folder.join(previous));
      expectRefusal(await folder.serveInVain(), 1, [folder.join('certs/ca'), 'damaged', 'backup']);
      expect(await folder.read(authority)).to.equal(damage);
    }
  });

  it('goes on with the generation before where one is damaged, and says so', async () => {
    await madeBefore();
    await folder.write(authority, 'no JSON at all');
    const gate = folder.serve();
    await readyLine(gate);
    expect(gate.stderr.join('\n')).to.include('private CA damaged').and.include(authority);
  });

  it('is refused where a host lies outside the constraints of its root', async () => {
    await madeBefore();
    await folder.configure({ universal: { hosts: ['mirror.other.test'] } });
    expectRefusal(await folder.serveInVain(), 1, ['mirror.other.test', 'hub.example.test']);
  });
});

describe('a start on certificate files', () => {
  let folder: GateFolder;
  const pair = { certificate: 'chain.pem', key: 'key.pem' };
  const names = ['hub.example.test', 'mirror.example.test'];

  beforeEach(async () => {
    folder = await GateFolder.create();
    await folder.configure({
      certificates: { directory: 'certs', issuer: 'files', files: [pair] },
      mirrors: [{ registry: 'docker.io' }],
    });
    await writePair(folder, pair, { names });
  });
  afterEach(() => folder.close());

  it('serves them, and makes no CA', async () => {
    const gate = folder.serve();
    await readyLine(gate);
    expect((await folder.run('ca', 'status')).exitCode).to.equal(1);
  });

  it('is refused where the key cannot be read', async function () {
    await requireNobody(this);
    await folder.giveTo(nobody);
    await chmod(folder.join(pair.key), 0);
    const outcome = await folder.serveInVain({ runtime: [...asNobody, process.execPath] });
    expectRefusal(outcome, 1, ['universal: ', folder.join(pair.key), 'EACCES']);
  });

  it('is refused where others can read the key', async () => {
    await chmod(folder.join(pair.key), 0o640);
    expectRefusal(await folder.serveInVain(), 1, [folder.join(pair.key), '640', 'chmod 600']);
  });

  it('is refused where a file is missing', async () => {
    const files = [{ ...pair, certificate: 'none.pem' }];
    await folder.configure({ certificates: { issuer: 'files', files } });
    expectRefusal(
      await folder.serveInVain(),
      1,
      ['universal: ', folder.join('none.pem'), 'ENOENT'],
      ['hub: ', folder.join('none.pem'), 'ENOENT'],
    );
  });

  it('is refused where the key belongs to another certificate', async () => {
    await writePair(folder, { certificate: 'other.pem', key: pair.key }, { names });
    const [chain, key] = [folder.join(pair.certificate), folder.join(pair.key)];
    expectRefusal(await folder.serveInVain(), 1, ['universal: ', chain, key]);
  });

  it('is refused where the certificate is for other names', async () => {
    await writePair(folder, pair, { names: ['www.example.test'] });
    expectRefusal(await folder.serveInVain(), 1, ['universal: ', 'mirror.example.test']);
  });

  it('is refused where TLS will not have the key, for it is too short', async () => {
    await writePair(folder, pair, { names, rsaBits: 1024 });
    expectRefusal(await folder.serveInVain(), 1, ['universal: ', 'key too small', '2048']);
  });
});
