/** Writes a MiB of one letter after another into the file that is its argument, until it is killed. */
import { writeFileAtomically } from '../../../lib/files/atomic-file.ts';

const [, , path = ''] = process.argv;
for (let written = 0; ; written += 1) {
  await writeFileAtomically(path, Buffer.alloc(1024 * 1024, 97 + (written % 26)));
  if (written === 0) console.log('writing');
}
