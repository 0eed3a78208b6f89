import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { CacheLab } from '../../support/cache-lab.ts';

const repository = 'library/app';
const mib = 1024 * 1024;
const parallel = { connections: 3, fromBytes: 16 * mib };

describe('a very large blob from a mirror that fetches those over several connections', () => {
  let lab: CacheLab;
  afterEach(() => lab.close());

  const ranges = (): string[] => lab.registry.requests.map(({ headers }) => headers.range ?? 'all');

  it('is whole, stored, and was asked for piece by piece', async () => {
    lab = await CacheLab.start({ mirror: { parallel } });
    const bytes = randomBytes(20 * mib);
    const path = `/v2/${repository}/blobs/${lab.registry.addBlob(bytes)}`;
    const answer = await lab.get(path);
    expect(answer.isComplete && answer.body.equals(bytes)).to.equal(true);
    expect(ranges()).to.deep.equal([
      'all',
      `bytes=${8 * mib}-${16 * mib - 1}`,
      `bytes=${16 * mib}-${20 * mib - 1}`,
    ]);
  });

  it('comes over one where the upstream breaks a piece off', async () => {
    lab = await CacheLab.start({
      mirror: { parallel },
      wrap: (inner) => (exchange) => {
        if (exchange.request.headers.range?.endsWith(String(20 * mib - 1)) === true) {
          exchange.response.destroy();
          return undefined;
        }
        return inner(exchange);
      },
    });
    const bytes = randomBytes(20 * mib);
    const path = `/v2/${repository}/blobs/${lab.registry.addBlob(bytes)}`;
    const answer = await lab.get(path);
    expect(answer.isComplete && answer.body.equals(bytes)).to.equal(true);
    expect(ranges().at(-1)).to.equal(`bytes=${16 * mib}-`);
  });

  it('is fetched over one where it is smaller than was said', async () => {
    lab = await CacheLab.start({ mirror: { parallel } });
    const bytes = randomBytes(16 * mib - 1);
    const path = `/v2/${repository}/blobs/${lab.registry.addBlob(bytes)}`;
    expect((await lab.get(path)).body.equals(bytes)).to.equal(true);
    expect(ranges()).to.deep.equal(['all']);
  });
});
