/** Saves one certificate after another into the directory that is its argument, until it is killed. */
import { fileCertificateStore } from '../../lib/certificates/certificate-store.ts';
import { systemClock } from '../../lib/time/clock.ts';
import { recordedLog } from './recorded-log.ts';
import { testCertifiedKey } from './test-certificates.ts';

const [, , directory = ''] = process.argv;
const store = fileCertificateStore({ directory, clock: systemClock, logger: recordedLog() });
for (let saved = 0; ; saved += 1) {
  await store.save('hub', 'private-ca', testCertifiedKey(['hub.example.test']));
  if (saved === 0) console.log('saving');
}
