/**
 * `npm run soak:tls`: testssl.sh against a gate as operators run it. Prints what it finds above INFO,
 * and fails where something is above LOW that is not listed here with its reason. Takes a minute.
 */
import { readFile } from 'node:fs/promises';
import { Gate } from '../../test/support/lab/gate.ts';
import { OpenParts } from '../../test/support/lab/open-parts.ts';
import { runCommand } from '../../test/support/lab/command.ts';
import { machine } from '../../test/support/lab/place.ts';
import { TemporaryDirectory } from '../../test/support/lab/temporary-directory.ts';

interface Finding {
  readonly id: string;
  readonly severity: string;
  readonly finding: string;
}

/** Of what testssl.sh minds, what is meant so. */
const meant: Readonly<Record<string, string>> = {
  cert_revocation: 'leaves of the private CA live for days: their end is their revocation',
};
const quiet = new Set(['OK', 'INFO', 'WARN', 'DEBUG']);
const host = 'mirror.example.test';

const parts = new OpenParts();
try {
  const directory = await parts.add(TemporaryDirectory.create('testssl'));
  const gate = await parts.add(
    Gate.start({
      mirrors: [{ name: 'hub', registry: 'docker.io', upstream: 'http://127.0.0.1:9' }],
      universalHosts: [host],
      // What is to be renewed within weeks is minded as well, whoever renews it.
      settings: { certificates: { directory: 'certs', privateCa: { leafLifetime: '90d' } } },
    }),
  );
  const report = directory.join('report.json');
  const roots = `${gate.certificateDirectory}/trust/bundle.pem`;
  const options = ['--quiet', '--warnings', 'off', '--color', '0', '--nodns', 'min'];
  const target = ['--ip', '127.0.0.1', '--add-ca', roots, `${host}:${gate.httpsPort}`];
  await runCommand(machine, ['testssl', ...options, '--jsonfile', report, ...target], {
    deadlineMs: 600_000,
  }).catch(() => {
    // Its exit code counts what it minds; that is read from its report.
  });
  const findings = JSON.parse(await readFile(report, 'utf8')) as readonly Finding[];
  const minded = findings.filter(({ severity }) => !quiet.has(severity));
  console.log(`${findings.length} checks, ${minded.length} of them minded`);
  for (const { severity, id, finding } of minded) {
    console.log(`${severity} ${id}: ${finding}${id in meant ? ` (${meant[id] ?? ''})` : ''}`);
  }
  const isGood = minded.every(({ severity, id }) => severity === 'LOW' || id in meant);
  process.exitCode = isGood && findings.length > 100 ? 0 : 1;
} finally {
  await parts.close();
}
