import { expect } from 'chai';
import type { TrustDocuments } from '../../../lib/edge/settings.ts';
import { benchRootPem, EdgeBench, type EdgeBenchOptions } from '../../support/edge/edge-bench.ts';
import { ask, ociCode, type Answer, type Question } from '../../support/edge/https-client.ts';
import { allowed, listOf } from '../../support/edge/test-allow-list.ts';
import { ghcrHost, hubHost, universalHost } from '../../support/edge/test-settings.ts';
import { WireClient } from '../../support/edge/wire-client.ts';

const fingerprint = 'f'.repeat(64);
const bundle = '/ca/bundle.pem';
const setup = '[[registry]]\n';
const page = '<!doctype html>\n';
const policy = "default-src 'none'";
const binary = Buffer.from([0x30, 0x82, 0x00, 0xff, 0x80]);

function trust(bundlePem: string): TrustDocuments {
  const document = (path: string, contentType: string, body: string | Uint8Array) => ({
    ...{ path, contentType, body },
    carriesRoots: true,
  });
  return {
    bundleVersion: 1,
    clientRoots: [],
    fingerprint,
    documents: [
      document(bundle, 'application/x-pem-file', bundlePem),
      document('/ca/bundle.p12', 'application/x-pkcs12', binary),
      document('/ca/fingerprint', 'text/plain; charset=utf-8', `${fingerprint}\n`),
      document('/setup/podman', 'text/plain; charset=utf-8', setup),
      { ...document('/', 'text/html; charset=utf-8', page), contentSecurityPolicy: policy },
    ],
  };
}

describe('the CA documents', () => {
  let bench: EdgeBench;

  const start = async (options: EdgeBenchOptions = {}): Promise<void> => {
    bench = await EdgeBench.start(options);
    bench.edge.setTrust(trust(benchRootPem));
  };
  const fetch = (path: string, rest: Partial<Question> = {}): Promise<Answer> =>
    ask({ port: rest.isPlain === true ? bench.httpPort : bench.port, path, ...rest });
  afterEach(() => bench.close());

  it('are served on every host, over https and http', async () => {
    await start();
    for (const isPlain of [false, true]) {
      for (const host of [universalHost, hubHost, ghcrHost]) {
        const answer = await fetch(bundle, { host, isPlain });
        expect(answer.status).to.equal(200);
        expect(answer.body.toString()).to.equal(benchRootPem);
        expect(answer.headers['content-type']).to.equal('application/x-pem-file');
        expect((await fetch('/ca/fingerprint', { host, isPlain })).body.toString()).to.equal(
          `${fingerprint}\n`,
        );
        const store = await fetch('/ca/bundle.p12', { host, isPlain });
        expect(store.headers['content-type']).to.equal('application/x-pkcs12');
        expect(store.body).to.deep.equal(binary);
      }
    }
    expect(bench.worker.requests).to.have.length(0);
  });

  it('have a strong entity tag, and answer 304 to who has them', async () => {
    await start();
    const { etag = '' } = (await fetch(bundle)).headers;
    expect(etag).to.match(/^"[0-9a-f]+"$/);
    expect((await fetch(bundle)).headers['cache-control']).to.equal('no-cache');
    for (const condition of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const answer = await fetch(bundle, { headers: { 'if-none-match': condition } });
      expect(answer.status, condition).to.equal(304);
      expect(answer.body).to.have.length(0);
      expect(answer.headers.etag).to.equal(etag);
    }
    expect((await fetch(bundle, { headers: { 'if-none-match': '"other"' } })).status).to.equal(200);
  });

  it('change their tag with their content', async () => {
    await start();
    const { etag = '' } = (await fetch(bundle)).headers;
    bench.edge.setTrust(trust(`${benchRootPem}${benchRootPem}`));
    const answer = await fetch(bundle, { headers: { 'if-none-match': etag } });
    expect(answer.status).to.equal(200);
    expect(answer.headers.etag).to.not.equal(etag);
  });

  it('answer HEAD with the same headers and no body', async () => {
    await start();
    for (const isPlain of [false, true]) {
      const [get, head] = [
        await fetch(bundle, { isPlain }),
        await fetch(bundle, { isPlain, method: 'HEAD' }),
      ];
      expect(head.status).to.equal(200);
      expect(head.body).to.have.length(0);
      expect(head.headers).to.include({
        etag: get.headers.etag,
        'content-length': String(benchRootPem.length),
      });
    }
  });

  it('are not there where no host uses the private CA', async () => {
    await start();
    bench.edge.setTrust(undefined);
    const answer = await fetch(bundle);
    expect([answer.status, ociCode(answer)]).to.deep.equal([404, 'UNSUPPORTED']);
    const plain = await fetch(bundle, { isPlain: true });
    expect(plain.status).to.equal(308);
  });

  it('are all that a stranger gets where they are public', async () => {
    await start({
      allowList: listOf([allowed('127.0.0.1/32')]),
      settings: { caAccess: 'public' },
    });
    const from = '127.0.0.2';
    for (const isPlain of [false, true]) {
      for (const path of [bundle, '/ca/fingerprint']) {
        const answer = await fetch(path, { from, isPlain });
        expect(answer.status).to.equal(200);
        expect(answer.headers.connection).to.equal('close');
      }
      for (const path of [
        '/',
        '/v2/',
        '/v2/alpine/manifests/3',
        '/ca/',
        '/ca/other',
        '/ca/bundle.pem/',
        '/CA/bundle.pem',
        '/v2/../ca/bundle.pem',
      ]) {
        expect((await fetch(path, { from, isPlain })).status, path).to.be.oneOf([400, 403]);
      }
      const challenge = await fetch('/.well-known/acme-challenge/x', { from, isPlain });
      expect(challenge.status).to.equal(isPlain ? 404 : 403);
      expect((await fetch(bundle, { from, isPlain, method: 'POST' })).status).to.be.oneOf([
        403, 405,
      ]);
    }
    expect(bench.worker.requests).to.have.length(0);
  });

  it('are no way in for a stranger where they are not public', async () => {
    await start({ allowList: listOf([allowed('127.0.0.1/32')]) });
    for (const port of [bench.port, bench.httpPort]) {
      const client = await WireClient.tcp({ port, from: '127.0.0.2' });
      client.send(`GET ${bundle} HTTP/1.1\r\nHost: ${universalHost}\r\n\r\n`);
      expect(await client.closed(1_000)).to.equal('');
    }
  });

  describe('and those that set clients up', () => {
    it('are served over https on the hosts of mirrors', async () => {
      await start();
      for (const host of [universalHost, hubHost]) {
        const { status, body } = await fetch('/setup/podman', { host });
        expect([status, body.toString()]).to.deep.equal([200, setup]);
      }
      expect((await fetch('/setup/nothing', { host: hubHost })).status).to.equal(404);
    });

    it('begin with a page at / of the hosts of mirrors', async () => {
      await start();
      for (const host of [universalHost, hubHost]) {
        const { status, headers, body } = await fetch('/', { host });
        expect([status, body.toString()]).to.deep.equal([200, page]);
        expect(headers).to.include({
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy': policy,
          'x-content-type-options': 'nosniff',
        });
        expect((await fetch('/', { host, method: 'POST' })).status).to.equal(405);
        expect((await fetch('/', { host, isPlain: true })).status).to.equal(308);
      }
    });

    it('lead from plain http to https, where nobody on the way can change them', async () => {
      await start();
      const { status, headers } = await fetch('/setup/podman', { host: hubHost, isPlain: true });
      expect(status).to.equal(308);
      expect(headers.location).to.match(/^https:.*\/setup\/podman$/);
    });

    it('are for who may use the mirrors, even where everyone may have the roots', async () => {
      await start({
        allowList: listOf([allowed('127.0.0.1/32')]),
        settings: { caAccess: 'public' },
      });
      for (const path of ['/', '/setup/podman']) {
        const answer = await fetch(path, { host: hubHost, from: '127.0.0.2' });
        expect(answer.status, path).to.equal(403);
      }
    });
  });
});
