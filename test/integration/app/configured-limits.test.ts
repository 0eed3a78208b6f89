import { expect } from 'chai';
import { ask } from '../../support/app/gate-client.ts';
import { hubHost, Stage } from '../../support/app/stage.ts';

describe('limits of a configuration', () => {
  let stage: Stage;

  before(async () => {
    stage = await Stage.start({
      settings: { limits: { headerCount: 100, urlLength: 4_096 } },
    });
  });
  after(() => stage.close());

  const status = async (path: string, headers: Record<string, string> = {}): Promise<number> => {
    const answer = await ask(stage.target(hubHost, { headers }), path);
    return answer.status;
  };

  it('hold for the length of a request target', async () => {
    const path = (length: number): string => `/v2/?n=${'1'.repeat(length - '/v2/?n='.length)}`;
    expect([await status(path(4_096)), await status(path(4_097))]).to.deep.equal([200, 414]);
  });

  it('hold for the number of headers', async () => {
    const headers = (count: number): Record<string, string> =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, '1']));
    expect([await status('/v2/', headers(80)), await status('/v2/', headers(101))]).to.deep.equal([
      200, 431,
    ]);
  });
});
