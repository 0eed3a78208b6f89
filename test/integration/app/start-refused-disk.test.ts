import { GateFolder } from '../../support/app/gate-folder.ts';
import { expectRefusal, type Outcome } from '../../support/app/program.ts';
import { requireParts } from '../../support/lab/lab-availability.ts';

/** Runs what follows on a file system of its own at `$1`, made by the options `$2`. */
const onSmallDisk =
  'mount -t tmpfs -o "$2" disk "$1"; head -c "$3" /dev/zero > "$1/other"; shift 3';

describe('a start on a full disk is refused with exit code 1 and one line', () => {
  let folder: GateFolder;

  interface Disk {
    /** Of tmpfs(5). */
    readonly options: string;
    /** Taken already. */
    readonly usedBytes: number;
  }
  const serveOn = async ({ options, usedBytes }: Disk): Promise<Outcome> => {
    const script = `${onSmallDisk}; exec "$@"`;
    const shell = ['sh', '-c', script, 'sh', folder.join('disk'), options, String(usedBytes)];
    const namespace = ['unshare', '--mount', '--propagation', 'private', ...shell];
    return await folder.serveInVain({ runtime: [...namespace, process.execPath] });
  };
  before(async function () {
    await requireParts(this, 'namespaces');
  });
  beforeEach(async () => {
    folder = await GateFolder.create();
    await folder.makeFolder('disk');
  });
  afterEach(() => folder.close());

  const kib = 1024;

  it('where it takes no CA', async () => {
    await folder.configure({ certificates: { directory: 'disk/certs' } });
    const outcome = await serveOn({ options: 'size=64k', usedBytes: 64 * kib });
    expectRefusal(outcome, 1, [folder.join('disk/certs/ca'), 'ENOSPC', 'disk is not full']);
  });

  it('where it takes no certificate', async () => {
    await folder.configure({
      certificates: { directory: 'disk/certs' },
      mirrors: [{ registry: 'docker.io' }],
    });
    const outcome = await serveOn({ options: 'size=64k', usedBytes: 52 * kib });
    expectRefusal(outcome, 1, [folder.join('disk/certs/sites'), 'ENOSPC', 'disk is not full']);
  });

  it('where it takes no cache', async () => {
    await folder.configure({ cache: { directory: 'disk/cache' } });
    const outcome = await serveOn({ options: 'size=64k', usedBytes: 64 * kib });
    expectRefusal(outcome, 1, [folder.join('disk/cache'), 'ENOSPC', 'disk is not full']);
  });

  it('where it takes no sockets', async () => {
    await folder.configure({
      state: { directory: 'disk/state' },
      certificates: { directory: 'c' },
    });
    for (const [inodes, path] of [
      [2, 'disk/state'],
      [4, 'disk/state/control.sock'],
    ] as const) {
      const outcome = await serveOn({ options: `nr_inodes=${inodes}`, usedBytes: 0 });
      expectRefusal(outcome, 1, [folder.join(path), 'ENOSPC', 'disk']);
    }
  });
});
