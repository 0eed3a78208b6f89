/** What a client is told while an upstream is down, seen by curl in the VM. */
import { expect } from 'chai';
import { digestOf } from '../../lib/oci/digest.ts';
import { requireParts } from '../support/lab/lab-availability.ts';
import { OpenParts } from '../support/lab/open-parts.ts';
import { poll } from '../support/lab/polling.ts';
import { ghcrHost, hubHost, Scene, shortTtlMs } from '../support/lab/scene.ts';

/** The upstream refuses connections at once, so the answer is due at once. */
const quickMs = 5000;

describe('an outage of the upstream', function () {
  this.timeout(60_000);
  const parts = new OpenParts();
  let scene: Scene;

  before(async function () {
    await requireParts(this, 'namespaces', 'docker-registry', 'skopeo', 'gate');
    scene = await parts.add(Scene.start());
  });

  after(async () => {
    await parts.close();
  });

  afterEach(async () => {
    await scene.hub.thaw();
    await scene.hub.resume();
    await scene.ghcr.resume();
  });

  it('is answered quickly with 503, Retry-After and an OCI error', async () => {
    await scene.hub.stop();
    const start = Date.now();

    const answer = await scene.curl(`https://${hubHost}/v2/library/absent/manifests/1`);

    expect(Date.now() - start).to.be.below(quickMs);
    expect(answer).to.match(/^HTTP\/1\.1 503 /);
    expect(answer).to.match(/^retry-after: [0-9]+\r$/im);
    expect(JSON.parse(textOf(answer))).to.have.nested.property('errors[0].code');
  });

  it('is told in the headers of a tag that could not be revalidated', async () => {
    const image = await scene.layout.addBusybox('stale', 'stale');
    await scene.publish({ upstream: 'ghcr', name: 'acme/stale:1', image });
    const url = `https://${ghcrHost}/v2/acme/stale/manifests/1`;
    expect(await scene.curl(url)).to.match(/^HTTP\/1\.1 200 /);
    await scene.ghcr.stop();

    const answer = await poll(
      async () => {
        const text = await scene.curl(url);
        return text.includes('detail=stale') ? text : undefined;
      },
      { deadlineMs: 5 * shortTtlMs, what: 'answer that is stale' },
    );

    expect(answer).to.match(/^HTTP\/1\.1 200 /);
    expect(answer).to.match(/^cache-status: mirrorgate; hit; detail=stale\r$/im);
    expect(answer).to.match(/^warning: 299 - ".+"\r$/im);
    expect(answer).to.match(/^age: [0-9]+\r$/im);
    expect(digestOf(Buffer.from(textOf(answer)))).to.equal(image.digest);
  });

  it('does not delay what is cached where the upstream accepts connections and stays silent', async () => {
    const image = await scene.layout.addBusybox('silent', 'silent');
    await scene.publish({ upstream: 'hub', name: 'library/silent:1', image });
    const url = `https://${hubHost}/v2/library/silent/manifests/1`;
    await scene.curl(url);
    await scene.hub.freeze();
    const start = Date.now();

    const answer = await scene.curl(url);

    expect(digestOf(Buffer.from(textOf(answer)))).to.equal(image.digest);
    expect(Date.now() - start).to.be.below(quickMs);
  });

  it('is over for clients once the upstream is back', async () => {
    const image = await scene.layout.addBusybox('back', 'back');
    await scene.publish({ upstream: 'hub', name: 'library/back:1', image });
    const url = `https://${hubHost}/v2/library/back/manifests/1`;
    await scene.hub.stop();
    expect(await scene.curl(url)).to.match(/^HTTP\/1\.1 503 /);
    await scene.hub.resume();

    const served = await poll(
      async () => {
        const answer = await scene.curl(url);
        return answer.startsWith('HTTP/1.1 200 ') ? answer : undefined;
      },
      { deadlineMs: quickMs, what: 'answer from the upstream' },
    );

    expect(digestOf(Buffer.from(textOf(served)))).to.equal(image.digest);
  });
});

/** The body of what curl showed with its headers. */
function textOf(answer: string): string {
  return answer.slice(answer.indexOf('\r\n\r\n') + 4);
}
