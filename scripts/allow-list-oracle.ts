/**
 * Compares random decisions of the allow-list with Python's ipaddress and fails on a difference:
 * `node --import tsx scripts/allow-list-oracle.ts [PAIRS] [SEED]`, a million unless told.
 */
import { randomInt } from 'node:crypto';
import { compareWithPython } from '../test/adversarial/access/address-oracle.ts';

const [pairs = 1_000_000, seed = randomInt(2 ** 32)] = process.argv.slice(2).map(Number);
if (!Number.isSafeInteger(pairs) || pairs < 1 || !Number.isSafeInteger(seed)) {
  console.error('usage: allow-list-oracle [PAIRS] [SEED], whole numbers');
  process.exit(2);
}

console.log(`allow-list oracle: ${pairs} pairs, seed ${seed}`);
const startMs = performance.now();
const report = await compareWithPython(pairs, seed);
const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
for (const difference of report.differences) console.error(difference);
const { y = 0, n = 0, '?': none = 0 } = report.answers;
console.log(
  `${report.pairs} pairs in ${seconds} s: ${y} allowed, ${n} denied, ${none} no address, ` +
    `${report.differenceCount} differences`,
);
if (report.differenceCount > 0) process.exitCode = 1;
