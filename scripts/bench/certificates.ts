/** One P-256 certificate of a throw-away root for all servers, made by openssl. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { machine } from '../../test/support/lab/place.ts';
import { runCommand } from '../../test/support/lab/command.ts';

export interface Certificates {
  readonly root: string;
  readonly chain: string;
  readonly key: string;
}

export async function makeCertificates(folder: string): Promise<Certificates> {
  const path = (name: string): string => join(folder, name);
  const openssl = (...rest: string[]) => runCommand(machine, ['openssl', ...rest]);
  const request = ['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await openssl(
    ...[...request, '-x509', '-days', '30', '-subj', '/CN=bench root'],
    ...['-keyout', path('root.key'), '-out', path('root.pem')],
  );
  await openssl(
    ...[...request, '-subj', '/CN=localhost', '-keyout', path('leaf.key')],
    ...['-out', path('leaf.csr')],
  );
  await writeFile(
    path('leaf.ext'),
    'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\nbasicConstraints=critical,CA:FALSE\n',
  );
  await openssl(
    ...['x509', '-req', '-in', path('leaf.csr'), '-CA', path('root.pem'), '-CAkey'],
    ...[path('root.key'), '-CAcreateserial', '-days', '20', '-extfile', path('leaf.ext')],
    ...['-out', path('leaf.pem')],
  );
  return { root: path('root.pem'), chain: path('leaf.pem'), key: path('leaf.key') };
}
