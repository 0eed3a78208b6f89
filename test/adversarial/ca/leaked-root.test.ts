/**
 * Somebody has the key of a root, or of the intermediate of one that is kept elsewhere: what they
 * can do with it beyond the names that it is for. Each server below has a certificate by that key
 * for the very name that the client asks for.
 */
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { checkServerIdentity, connect, createServer, type Server } from 'node:tls';
import { expect } from 'chai';
import type { CertifiedKey } from '../../../lib/certificates/issuer.ts';
import { errorMessage } from '../../../lib/errors/mirrorgate-error.ts';
import { signerOf } from '../../../lib/ca/authority-state.ts';
import { makeIntermediate } from '../../../lib/ca/intermediate.ts';
import { makeRoot, offlineRootPathLength, type Signer } from '../../../lib/ca/root.ts';
import { ConnectProxy } from '../../support/ca/connect-proxy.ts';
import { below, clientLeaf, forgedAuthority, forgedLeaf } from '../../support/ca/forged-chains.ts';
import { CommandFailure, runCommand } from '../../support/lab/command.ts';
import { requireParts } from '../../support/lab/lab-availability.ts';
import { machine } from '../../support/lab/place.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { dayMs, testRoot } from '../../support/test-certificates.ts';

const now = new Date();
const root = testRoot({ permitted: ['example.test', '192.0.2.0/24'], now });
const offlineRoot = makeRoot({
  ...{ name: 'Offline', permitted: root.permitted, now },
  lifetimeMs: 30 * dayMs,
  pathLength: offlineRootPathLength,
});
const intermediate = signerOf(
  makeIntermediate(offlineRoot, {
    ...{ name: 'Offline', permitted: root.permitted, now },
    lifetimeMs: 7 * dayMs,
  }),
);

interface Case {
  readonly name: string;
  readonly certifiedKey: CertifiedKey;
}

interface Leak {
  /** Whose key somebody has. */
  readonly signer: Signer;
  /** Between it and the root, itself included where it is none. */
  readonly above: readonly Signer[];
  /** What clients trust. */
  readonly rootPem: string;
}

const leaks: Readonly<Record<string, Leak>> = {
  root: { signer: root, above: [], rootPem: root.certificate.toString() },
  intermediate: {
    signer: intermediate,
    above: [intermediate],
    rootPem: offlineRoot.certificate.toString(),
  },
};

function plain({ signer, above }: Leak, certified: string, name = certified): Case {
  return { name, certifiedKey: below(forgedLeaf(signer, [certified], now), ...above) };
}

function attacksBy(leak: Leak): Readonly<Record<string, Case>> {
  const { signer, above } = leak;
  const subordinate = forgedAuthority(signer, 'subordinate', now);
  const second = forgedAuthority(subordinate, 'second', now);
  const leaf = (issuer: Signer, name: string) => forgedLeaf(issuer, [name], now);
  return {
    'another DNS name': plain(leak, 'registry-1.docker.io'),
    'an IPv4 address': plain(leak, '10.0.0.1'),
    'an IPv6 address': plain(leak, '2001:db9::7'),
    'a wildcard outside': plain(leak, '*.evil.test', 'a.evil.test'),
    'a CA below it for another name': {
      name: 'ghcr.io',
      certifiedKey: below(leaf(subordinate, 'ghcr.io'), subordinate, ...above),
    },
    'a second CA below it': {
      name: 'hub.example.test',
      certifiedKey: below(leaf(second, 'hub.example.test'), second, subordinate, ...above),
    },
    'a certificate for clients': {
      name: 'hub.example.test',
      certifiedKey: below(clientLeaf(signer, ['hub.example.test'], now), ...above),
    },
  };
}

/** What went wrong with the certificate; undefined where the client accepted it. */
type Client = (name: string, port: number) => Promise<string | undefined>;

/** A verification error of OpenSSL, or of Go. */
const refusal =
  /subtree violation|path length constraint exceeded|(un)?suitable certificate purpose|unsupported certificate purpose|name constraint|too many intermediates|is not permitted by any constraint|incompatible key usage|x509: /i;

for (const [what, leak] of Object.entries(leaks)) {
  const { rootPem } = leak;
  /** That the clients are set up right: the key does what it is for. */
  const rightful = plain(leak, 'hub.example.test');

  describe(`a leaked ${what}`, function () {
    this.timeout(60_000);
    let scratch: TemporaryDirectory;
    let proxy: ConnectProxy;
    const servers: Server[] = [];

    before(async () => {
      scratch = await TemporaryDirectory.create('leaked');
      proxy = await ConnectProxy.start();
      await mkdir(scratch.join('trust'));
      await writeFile(scratch.join('trust', 'ca.crt'), rootPem);
    });
    after(async () => {
      for (const server of servers) server.close();
      proxy.close();
      await scratch.close();
    });

    async function serve({ certifiedKey }: Case): Promise<number> {
      const { chainPem, privateKeyPem } = certifiedKey;
      const server = createServer({ cert: chainPem, key: privateKeyPem }, (socket) => {
        socket.on('error', () => socket.destroy());
        socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      });
      server.on('tlsClientError', (_error, socket) => socket.destroy());
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      servers.push(server);
      return (server.address() as AddressInfo).port;
    }

    const rootFile = (): string => scratch.join('trust', 'ca.crt');
    const failureText = async (command: readonly string[], environment = {}): Promise<string> => {
      try {
        const { stdout, stderr } = await runCommand(machine, command, { environment });
        return stdout + stderr;
      } catch (error) {
        if (!(error instanceof CommandFailure)) throw error;
        return error.stdout + error.stderr;
      }
    };
    const refusalIn = (text: string): string | undefined => refusal.exec(text)?.[0];
    const urlHost = (name: string): string => (name.includes(':') ? `[${name}]` : name);

    const clients: Readonly<Record<string, Client>> = {
      async openssl(name, port) {
        const isAddress = /^[\d.]+$|:/.test(name);
        const identity = isAddress
          ? ['-verify_ip', name]
          : ['-verify_hostname', name, '-servername', name];
        const trust = ['-CAfile', rootFile(), '-verify_return_error', '-x509_strict'];
        const target = ['-connect', `127.0.0.1:${port}`];
        return refusalIn(
          await failureText(['openssl', 's_client', ...target, ...identity, ...trust]),
        );
      },
      async curl(name, port) {
        const host = urlHost(name);
        const redirection = ['--connect-to', `${host}:${port}:127.0.0.1:${port}`];
        const command = [
          'curl',
          '--silent',
          '--show-error',
          '--cacert',
          rootFile(),
          ...redirection,
        ];
        return refusalIn(await failureText([...command, `https://${host}:${port}/`]));
      },
      async Python(name, port) {
        const script = new URL('../../support/ca-matrix-client.py', import.meta.url).pathname;
        const { stdout } = await runCommand(machine, [
          ...['python3', script, rootFile(), `${port}/${name}`],
        ]);
        // X509_V_ERR_*: path length, purpose, permitted and excluded subtrees.
        const code = stdout.trim();
        expect(code, name).to.be.oneOf(['0', '25', '26', '47', '48']);
        return code === '0' ? undefined : code;
      },
      async Node(name, port) {
        const socket = connect({
          host: '127.0.0.1',
          port,
          ca: rootPem,
          checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
        });
        try {
          await once(socket, 'secureConnect');
          return undefined;
        } catch (error) {
          return refusalIn(errorMessage(error));
        } finally {
          socket.destroy();
        }
      },
      /** skopeo: Go's verifier, which docker, containerd, BuildKit and podman share. */
      async Go(name, port) {
        // Unlike an image's name, what it logs in to may be an IPv6 address.
        const login = ['skopeo', 'login', '--authfile', scratch.join('auth.json')];
        const trust = ['--cert-dir', scratch.join('trust'), '--username', 'a', '--password', 'b'];
        const command = [...login, ...trust, `${urlHost(name)}:${port}`];
        return refusalIn(await failureText(command, { HTTPS_PROXY: proxy.url }));
      },
    };

    for (const [client, verify] of Object.entries(clients)) {
      describe(`at ${client}`, () => {
        before(async function () {
          if (client === 'Go') await requireParts(this, 'skopeo');
        });

        it('is good for its own names', async () => {
          expect(await verify(rightful.name, await serve(rightful))).to.equal(undefined);
        });

        for (const [attack, forged] of Object.entries(attacksBy(leak))) {
          it(`is not good for ${attack}`, async () => {
            expect(await verify(forged.name, await serve(forged))).to.be.a('string');
          });
        }
      });
    }
  });
}
