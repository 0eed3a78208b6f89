/** Writes config/mirrorgate.schema.json; with --check, fails where it is not what would be written. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jsonSchemaText } from '../lib/config/json-schema.ts';

const path = join(import.meta.dirname, '..', 'config', 'mirrorgate.schema.json');
const wanted = jsonSchemaText();

if (process.argv.includes('--check')) {
  if ((await readFile(path, 'utf8')) !== wanted) {
    console.error('config/mirrorgate.schema.json is out of date: npm run schema');
    process.exitCode = 1;
  }
} else {
  await writeFile(path, wanted);
}
