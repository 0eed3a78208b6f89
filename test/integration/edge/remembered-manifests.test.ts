import { expect } from 'chai';
import { digestOf } from '../../../lib/oci/digest.ts';
import { EdgeBench } from '../../support/edge/edge-bench.ts';
import { answerWith } from '../../support/edge/fake-worker.ts';
import { ask, type Answer, type Question } from '../../support/edge/https-client.ts';
import { allowed, listOf } from '../../support/edge/test-allow-list.ts';
import { hub, ghcr } from '../../support/edge/test-settings.ts';

const target = '/v2/acme/app/manifests/1';
const body = '{"schemaVersion":2}';
const headers = {
  'content-type': 'application/vnd.oci.image.manifest.v1+json',
  'docker-content-digest': digestOf(Buffer.from(body)),
  'cache-status': 'mirrorgate; fwd=miss; stored',
  'cache-control': 'max-age=60',
  age: '0',
};

describe('a manifest that a worker lets the edge keep', () => {
  let bench: EdgeBench;
  beforeEach(async () => {
    bench = await EdgeBench.start();
    bench.worker.handler = answerWith(body, headers);
  });
  afterEach(() => bench.close());

  const pull = (rest: Partial<Question> = {}): Promise<Answer> =>
    ask({ port: bench.port, path: target, ...rest });

  it('is given again without the worker, as a hit, and by HEAD', async () => {
    const first = await pull();
    expect(first.headers['cache-status']).to.equal('mirrorgate; fwd=miss; stored');
    const again = await pull();
    const head = await pull({ method: 'HEAD' });
    expect(bench.worker.requests).to.have.length(1);
    for (const answer of [again, head]) {
      expect(answer.status).to.equal(200);
      expect(answer.headers).to.include({
        'cache-status': 'mirrorgate; hit',
        'content-length': String(body.length),
        'docker-content-digest': headers['docker-content-digest'],
        'docker-distribution-api-version': 'registry/2.0',
        age: '0',
      });
      expect(answer.headers).to.not.have.any.keys('cache-control');
    }
    expect(again.body.toString()).to.equal(body);
    expect(head.body).to.have.length(0);
  });

  it('tells each client its own namespace', async () => {
    await pull();
    const named = await pull({ path: `${target}?ns=docker.io` });
    expect(named.headers['oci-namespace']).to.equal('docker.io');
    expect((await pull()).headers).to.not.have.any.keys('oci-namespace');
    expect(bench.worker.requests).to.have.length(1);
  });

  it('is of one mirror, one repository and one reference', async () => {
    await pull();
    for (const path of [
      `${target}?ns=ghcr.io`,
      '/v2/acme/other/manifests/1',
      '/v2/acme/app/manifests/2',
    ]) {
      await pull({ path });
    }
    expect(bench.worker.requests).to.have.length(4);
  });

  it('is for those alone who may have it', async () => {
    await pull();
    bench.edge.setAllowList(listOf([allowed('127.0.0.0/8', { mirrors: ['ghcr'] })]));
    expect((await pull()).status).to.equal(403);
    bench.edge.setAllowList(listOf([allowed('127.0.0.0/8')]));
    await bench.configure({ mirrors: [{ ...hub, repositories: ['other/*'] }, ghcr] });
    expect((await pull()).status).to.equal(403);
  });

  it('is asked for anew after a purge and after a reload', async () => {
    await pull();
    bench.edge.forgetAnswers();
    await pull();
    expect(bench.worker.requests).to.have.length(2);
    await bench.configure({});
    await pull();
    expect(bench.worker.requests).to.have.length(3);
  });

  it('goes to the worker where the client asks on a condition', async () => {
    await pull();
    await pull({ headers: { 'if-none-match': '"other"' } });
    expect(bench.worker.requests).to.have.length(2);
  });
});
