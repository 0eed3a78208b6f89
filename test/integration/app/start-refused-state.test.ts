import { chmod } from 'node:fs/promises';
import { expect } from 'chai';
import { GateFolder, readyLine } from '../../support/app/gate-folder.ts';
import { expectRefusal } from '../../support/app/program.ts';
import { asNobody, nobody, requireNobody } from '../../support/app/unprivileged.ts';

describe('a start is refused with exit code 1 and one line', () => {
  let folder: GateFolder;

  beforeEach(async () => {
    folder = await GateFolder.create();
  });
  afterEach(() => folder.close());

  const serveAsNobody = () => folder.serveInVain({ runtime: [...asNobody, process.execPath] });

  it('where another gate runs on the state directory, which serves on', async () => {
    const running = folder.serve();
    await readyLine(running);
    const other = await GateFolder.create();
    await other.configure({ state: { directory: folder.join('state') } });
    expectRefusal(await other.serveInVain(), 1, [folder.join('state'), 'another mirrorgate']);
    await other.close();
    expect(running.exit).to.equal(undefined);
  });

  it('where the state directory is too deep for sockets', async () => {
    await folder.configure({ state: { directory: 'a'.repeat(100) } });
    expectRefusal(await folder.serveInVain(), 1, ['107 bytes', 'state.directory']);
  });

  it("where the state directory is somebody else's folder, whose mode it leaves alone", async () => {
    await folder.makeFolder('home/run', 0o755);
    await chmod(folder.join('home'), 0o755);
    await folder.write('home/thesis.txt', 'mine');
    await folder.configure({ state: { directory: 'home' } });
    expectRefusal(await folder.serveInVain(), 1, [folder.join('home'), '755']);
    expectRefusal(await folder.serveInVain(), 1, [folder.join('home'), '755']);
  });

  it("where the cache directory is somebody else's folder", async () => {
    await folder.makeFolder('cache');
    await folder.write('cache/thesis.txt', 'mine');
    expectRefusal(await folder.serveInVain(), 1, [folder.join('cache'), 'no mirrorgate cache']);
    expect(await folder.read('cache/thesis.txt')).to.equal('mine');
  });

  it('where the cache directory cannot be written', async function () {
    await requireNobody(this);
    await folder.makeFolder('cache', 0o500);
    await folder.giveTo(nobody);
    expectRefusal(await serveAsNobody(), 1, [folder.join('cache'), 'EACCES', 'writable']);
  });

  it('where the cache directory cannot be made', async function () {
    await requireNobody(this);
    await folder.makeFolder('disk', 0o500);
    await folder.configure({ cache: { directory: 'disk/cache' } });
    await folder.giveTo(nobody);
    expectRefusal(await serveAsNobody(), 1, [folder.join('disk/cache'), 'EACCES', 'writable']);
  });

  it('where a socket cannot be made', async function () {
    await requireNobody(this);
    await folder.makeFolder('state');
    const run = await folder.makeFolder('state/run', 0o500);
    await folder.giveTo(nobody);
    expectRefusal(await serveAsNobody(), 1, [`${run}/worker-1.sock`, 'EACCES', 'writable']);
    await chmod(folder.join('state'), 0o500);
    expectRefusal(await serveAsNobody(), 1, [folder.join('state/control.sock'), 'EACCES']);
  });

  it('where the state directory belongs to another user', async function () {
    await requireNobody(this);
    await folder.giveTo(nobody);
    await folder.makeFolder('state');
    expectRefusal(await serveAsNobody(), 1, [folder.join('state'), 'user 0', `${nobody}`]);
  });
});
