/** The keeper with its real neighbours: private CA, store on disk, edge that serves. */
import { truncate } from 'node:fs/promises';
import { once } from 'node:events';
import { connect, createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { Authority } from '../../../lib/ca/authority.ts';
import { CertificateKeeper } from '../../../lib/certificates/certificate-keeper.ts';
import { fileCertificateStore } from '../../../lib/certificates/certificate-store.ts';
import { sitePaths } from '../../../lib/certificates/certs-layout.ts';
import type { CertifiedKey } from '../../../lib/certificates/issuer.ts';
import { privateCaIssuer } from '../../../lib/certificates/private-ca-issuer.ts';
import { nameSubtree } from '../../../lib/config/scalars.ts';
import { poll } from '../../support/lab/polling.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { dayMs, hostNames } from '../../support/test-certificates.ts';

describe('CertificateKeeper on disk', () => {
  const leafLifetimeMs = 6 * dayMs;
  let top: TemporaryDirectory;
  let directory: string;
  let clock: ManualClock;
  let keeper: CertificateKeeper;
  let authority: Authority;
  let announced: CertifiedKey[];

  beforeEach(async () => {
    top = await TemporaryDirectory.create('keeper');
    directory = top.join('certs');
    clock = new ManualClock(new Date());
    await start();
  });
  afterEach(async () => {
    await keeper.close();
    await top.close();
  });

  async function start(): Promise<void> {
    const logger = recordedLog();
    announced = [];
    authority = await Authority.open({
      directory,
      clock,
      logger,
      builtAt: new Date(0),
      configuration: {
        name: 'Test',
        permitted: [nameSubtree.parse('example.test')],
        leafLifetimeMs,
        rootLifetimeMs: 365 * dayMs,
        overlapMs: 30 * dayMs,
        intermediateLifetimeMs: 90 * dayMs,
        evidenceWindowMs: 30 * dayMs,
      },
    });
    keeper = new CertificateKeeper({
      sites: [{ name: 'hub', hosts: hostNames('hub.example.test'), issuer: 'private-ca' }],
      issuers: new Map([['private-ca', privateCaIssuer({ authority, leafLifetimeMs })]]),
      store: fileCertificateStore({ directory, clock, logger }),
      clock,
      logger,
      onChange: (_, certifiedKey) => announced.push(certifiedKey),
    });
    await keeper.start();
  }

  const served = (): CertifiedKey | undefined => keeper.current()[0]?.certifiedKey;

  it('serves TLS that a client verifies with the bundle', async () => {
    const { chainPem: cert, privateKeyPem: key } = announced[0] ?? {};
    const server = createServer({ cert, key }, (socket) => socket.end());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const client = connect({
      port,
      host: '127.0.0.1',
      servername: 'hub.example.test',
      ca: authority.bundlePem(),
    });
    await once(client, 'secureConnect');
    expect(client.authorized).to.equal(true);
    client.destroy();
    server.close();
  });

  it('goes on after a restart with what it had', async () => {
    const before = served();
    await keeper.close();
    await start();
    expect(served()).to.deep.equal(before);
  });

  it('renews at two thirds of the life of a leaf', async () => {
    const before = served();
    await clock.advance((leafLifetimeMs * 2) / 3);
    await poll(() => announced[1], { deadlineMs: 5_000, what: 'second certificate' });
    expect(served()).to.not.deep.equal(before);
  });

  it('survives the damage of what it stored', async () => {
    await keeper.renew();
    await keeper.close();
    const { current, previous } = sitePaths(directory, 'hub', 'private-ca');
    await truncate(current, 100);
    await start();
    expect(served()).to.not.equal(undefined);
    await keeper.close();
    await truncate(current, 100);
    await truncate(previous, 0);
    await start();
    expect(served()).to.not.equal(undefined);
  });
});
