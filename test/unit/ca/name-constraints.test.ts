/**
 * A leaked root signs for any name; its constraints must make every client refuse those outside.
 * Each server below has a certificate for the very name that the client asks for.
 */
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { isIP, type AddressInfo } from 'node:net';
import { connect, createServer, type Server } from 'node:tls';
import { expect } from 'chai';
import { errorMessage } from '../../../lib/errors/mirrorgate-error.ts';
import { CommandFailure, runCommand } from '../../support/lab/command.ts';
import { machine } from '../../support/lab/place.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { testCertifiedKey, testRoot } from '../../support/test-certificates.ts';

/** Name in the certificate → name asked for. */
const asked: Readonly<Record<string, string>> = {
  'example.test': 'example.test',
  'hub.example.test': 'hub.example.test',
  'registry-1.docker.io': 'registry-1.docker.io',
  'badexample.test': 'badexample.test',
  '*.evil.test': 'a.evil.test',
  '*.docker.io': 'registry-1.docker.io',
  '192.0.2.7': '192.0.2.7',
  '10.0.0.1': '10.0.0.1',
  '2001:db8::7': '2001:db8::7',
  '2001:db9::7': '2001:db9::7',
};

const dns = ['example.test', 'hub.example.test'];
const matrix: readonly { readonly permitted: string[]; readonly accepted: string[] }[] = [
  { permitted: ['example.test'], accepted: dns },
  { permitted: ['192.0.2.0/24'], accepted: ['192.0.2.7'] },
  { permitted: ['2001:db8::/32'], accepted: ['2001:db8::7'] },
  { permitted: ['example.test', '192.0.2.0/24'], accepted: [...dns, '192.0.2.7'] },
  {
    permitted: ['example.test', '192.0.2.7/32', '2001:db8::7/128'],
    accepted: [...dns, '192.0.2.7', '2001:db8::7'],
  },
];

/** One server; `subject` is the name in its certificate. */
interface Case {
  readonly subject: string;
  readonly port: number;
  readonly name: string;
}

/** The subjects whose servers a client accepts. */
type Client = (rootFile: string, rootPem: string, cases: readonly Case[]) => Promise<string[]>;

/** X509_V_ERR_PERMITTED_VIOLATION or X509_V_ERR_EXCLUDED_VIOLATION, nothing else. */
function expectViolation(code: string, subject: string): void {
  expect(['47', '48'], subject).to.include(code);
}

const python: Client = async (rootFile, _, cases) => {
  const script = new URL('../../support/ca-matrix-client.py', import.meta.url).pathname;
  const servers = cases.map(({ port, name }) => `${port}/${name}`);
  const { stdout } = await runCommand(machine, ['python3', script, rootFile, ...servers]);
  const codes = stdout.trim().split('\n');
  return cases.flatMap(({ subject }, index) => {
    const code = codes[index] ?? '';
    if (code === '0') return [subject];
    expectViolation(code, subject);
    return [];
  });
};

const curl: Client = async (rootFile, _, cases) => {
  const accepted = await Promise.all(
    cases.map(async ({ subject, port, name }) => {
      const host = name.includes(':') ? `[${name}]` : name;
      const command = ['curl', '--silent', '--show-error', '--cacert', rootFile];
      const target = [
        '--connect-to',
        `${host}:${port}:127.0.0.1:${port}`,
        `https://${host}:${port}/`,
      ];
      try {
        await runCommand(machine, [...command, ...target]);
        return [subject];
      } catch (error) {
        expect(error).to.be.instanceOf(CommandFailure);
        expect((error as CommandFailure).exitCode, subject).to.equal(60);
        expect((error as CommandFailure).stderr, subject).to.contain('subtree violation');
        return [];
      }
    }),
  );
  return accepted.flat();
};

const node: Client = async (_, rootPem, cases) => {
  const accepted = await Promise.all(
    cases.map(async ({ subject, port, name }) => {
      const socket = connect({
        host: '127.0.0.1',
        port,
        ca: rootPem,
        checkServerIdentity: (_host, { raw }) => identityError(name, new X509Certificate(raw)),
      });
      try {
        await once(socket, 'secureConnect');
        return [subject];
      } catch (error) {
        // node:tls has no code for it.
        expect(errorMessage(error), subject).to.match(/^(permitted|excluded) subtree violation/);
        return [];
      } finally {
        socket.destroy();
      }
    }),
  );
  return accepted.flat();
};

/** As tls.checkServerIdentity, which in Node 22.23 finds no IPv6 address in any certificate. */
function identityError(name: string, certificate: X509Certificate): Error | undefined {
  const found = isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name);
  return found === undefined ? new Error(`the certificate is not for ${name}`) : undefined;
}

const clients: Readonly<Record<string, Client>> = { Python: python, curl, Node: node };

describe('name constraints', function () {
  this.timeout(60_000);
  let scratch: TemporaryDirectory;
  before(async () => {
    scratch = await TemporaryDirectory.create('constraints');
  });
  after(() => scratch.close());

  for (const { permitted, accepted } of matrix) {
    describe(`that permit ${permitted.join(', ')}`, () => {
      const root = testRoot({ permitted, now: new Date() });
      const rootPem = root.certificate.toString();
      const servers: Server[] = [];
      const cases: Case[] = [];
      let rootFile: string;

      before(async () => {
        rootFile = scratch.join('root.pem');
        await writeFile(rootFile, rootPem);
        for (const [subject, name] of Object.entries(asked)) {
          const { chainPem, privateKeyPem } = testCertifiedKey([subject], {
            root,
            now: new Date(),
          });
          const server = createServer({ cert: chainPem, key: privateKeyPem }, (socket) => {
            socket.on('error', () => socket.destroy());
            socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n');
          });
          server.listen(0, '127.0.0.1');
          await once(server, 'listening');
          servers.push(server);
          cases.push({ subject, name, port: (server.address() as AddressInfo).port });
        }
      });
      after(() => {
        for (const server of servers) server.close();
      });

      it('are enforced by openssl', async () => {
        const passed: string[] = [];
        for (const { subject } of cases) {
          const leafFile = scratch.join('leaf.pem');
          await writeFile(
            leafFile,
            testCertifiedKey([subject], { root, now: new Date() }).chainPem,
          );
          const command = ['openssl', 'verify', '-x509_strict', '-no-CApath', '-no-CAstore'];
          try {
            await runCommand(machine, [...command, '-CAfile', rootFile, leafFile]);
            passed.push(subject);
          } catch (error) {
            expect(error).to.be.instanceOf(CommandFailure);
            const [, code = ''] = /error (\d+)/.exec((error as CommandFailure).stderr) ?? [];
            expectViolation(code, subject);
          }
        }
        expect(passed).to.deep.equal(accepted);
      });

      for (const [clientName, client] of Object.entries(clients)) {
        it(`are enforced by ${clientName}`, async () => {
          expect(await client(rootFile, rootPem, cases)).to.deep.equal(accepted);
        });
      }
    });
  }
});
