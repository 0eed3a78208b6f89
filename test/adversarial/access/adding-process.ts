/** Adds `COUNT` addresses of `10.NUMBER.0.0/16` to the allow-list `FILE`, each in an edit of its own. */
import { addEntry } from '../../../lib/access/allow-list-edit.ts';

const [path = '', number = '', count = ''] = process.argv.slice(2);

console.log('started');
for (let index = 0; index < Number(count); index += 1) {
  const cidr = `10.${number}.${index >> 8}.${index & 255}`;
  await addEntry({ path, knownNames: [], now: new Date() }, { cidr, label: `process-${number}` });
}
