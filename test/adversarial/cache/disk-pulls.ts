/**
 * Pulls through a worker whose cache is on the disk named by the argument, as many as the second
 * says, of blobs that do not all fit, while writes fail at random as well. Tells as JSON how many
 * were right, and how often trouble was told of.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { join } from 'node:path';
import { CacheLab } from '../../support/cache-lab.ts';
import { faultyStore, type DiskFault } from '../../support/faulty-store.ts';

const [, , disk = '', pulls = '1'] = process.argv;
const repository = 'acme/app';

const faults: readonly (DiskFault | undefined)[] = [
  undefined,
  undefined,
  { at: 'write', code: 'EIO', afterBytes: 100_000 },
  { at: 'write', code: 'ENOSPC', afterBytes: 500_000 },
  { at: 'commit', code: 'EIO' },
  { at: 'create', code: 'EMFILE' },
  { at: 'open', code: 'EIO' },
];
let fault: DiskFault | undefined;
const lab = await CacheLab.start({
  directory: join(disk, 'cache'),
  wrapStore: (store) => faultyStore(store, () => fault),
});
const blobs = new Map<string, Buffer>();
let right = 0;
for (let count = 0; count < Number(pulls); count += 1) {
  fault = faults[randomInt(faults.length)];
  const isManifest = count % 4 === 3;
  let path: string;
  let bytes: Buffer;
  if (isManifest) {
    bytes = Buffer.from(JSON.stringify({ layers: [], config: {}, annotations: { count } }));
    lab.registry.addManifest({ repository, tag: `t${count}`, body: bytes });
    path = `/v2/${repository}/manifests/t${count}`;
  } else {
    const known = [...blobs][randomInt(Math.max(1, blobs.size))];
    bytes =
      count % 3 === 0 || known === undefined ? randomBytes(randomInt(1, 3_000_000)) : known[1];
    path = `/v2/${repository}/blobs/${lab.registry.addBlob(bytes)}`;
    blobs.set(path, bytes);
    if (blobs.size > 12) blobs.delete([...blobs.keys()][0] ?? '');
  }
  const { status, body, isComplete } = await lab.get(path);
  if (status === 200 && isComplete && body.equals(bytes)) right += 1;
}
const told = lab.log.entries.filter(({ level }) => level === 'error').length;
const over = lab.log.entries.filter(({ event }) => event.includes('uses its disk again')).length;
await lab.close();
console.log(JSON.stringify({ right, told, over }));
