/** What becomes of a blob store on a disk that is full, then read-only; told as JSON. */
import { spawnSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../../lib/errors/mirrorgate-error.ts';
import { digestOf } from '../../../lib/oci/digest.ts';
import { FileBlobStore } from '../../../lib/store/file-blob-store.ts';
import { StoreLayout } from '../../../lib/store/layout.ts';
import { systemClock } from '../../../lib/time/clock.ts';
import { contentOf, put } from '../../contract/blob-store-content.ts';

const [, , disk = ''] = process.argv;
const layout = new StoreLayout(join(disk, 'cache'));
const store = await FileBlobStore.open({ layout, worker: 'worker-1', clock: systemClock });
const small = Buffer.from('small');
const large = Buffer.alloc(1024 * 1024, 'large');

async function told(work: Promise<unknown>): Promise<unknown> {
  return await work.then(() => 'done', errorCode);
}

const writer = await store.create();
const write = await told(writer.write([large.subarray(0, 1000), large.subarray(1000)]));
const start = await writer.read(0, 1000);
await writer.discard();
await writer.close();
const full = {
  write,
  isReadable: start.equals(large.subarray(0, 1000)),
  leftovers: await readdir(layout.filling('worker-1')),
  afterwards: await told(put(store, small)),
};

spawnSync('mount', ['-o', 'remount,ro', disk]);
const readOnly = {
  create: await told(store.create()),
  remove: await told(store.remove(digestOf(small))),
  content: (await contentOf(store, digestOf(small)))?.toString(),
};
console.log(JSON.stringify({ full, readOnly }));
