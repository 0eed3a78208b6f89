/** Puts one stage of a rotation after the other into a target until it is killed. */
import { readFileSync } from 'node:fs';
import { inject } from '../../../lib/injection/inject.ts';
import { parseInjectionTarget } from '../../../lib/injection/target.ts';
import { X509Certificate } from 'node:crypto';
import type { Bundle, BundleRoot } from '../../../lib/ca/bundle.ts';
import { testAccess } from './test-access.ts';

const [target = '', access = '', ...pemFiles] = process.argv.slice(2);
const imageAccess = access === 'debugfs' ? 'debugfs' : 'auto';
const bundles = pemFiles.map((file, version): Bundle => {
  const pems = readFileSync(file, 'utf8').split(/(?<=-----END CERTIFICATE-----\n)/);
  const roots = pems.map((pem): BundleRoot => ({
    state: 'active',
    certificate: new X509Certificate(pem),
    endorsement: undefined,
  }));
  const [first, ...more] = roots;
  if (first === undefined) throw new TypeError(`${file} holds no root`);
  return { version, roots: [first, ...more] };
});

process.stdout.write('ready\n');
for (;;) {
  for (const bundle of bundles) {
    await inject(parseInjectionTarget(target), {
      ...{ bundle, access: testAccess(), isDryRun: false, imageAccess },
    });
  }
}
