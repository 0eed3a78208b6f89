import { expect } from 'chai';
import { bodyOf, manifestRequest, UpstreamBench } from '../../support/upstream/bench.ts';
import { withTokens, type FakeCredentials } from '../../support/upstream/fake-tokens.ts';

/** How a registry challenges, and who comes to it. */
interface Flow {
  readonly service: string;
  readonly challengeScope?: string;
  readonly field?: 'token' | 'access_token';
  readonly expiresInSeconds?: number;
  /** Nobody without them gets a token; anonymous where undefined. */
  readonly credentials?: FakeCredentials;
}

const keyFile = '{\n  "type": "service_account",\n  "private_key": "-----BEGIN …\\n"\n}\n';

const flows: Readonly<Record<string, Flow>> = {
  'Docker Hub, anonymous': { service: 'registry.docker.io', expiresInSeconds: 300 },
  'Docker Hub, an account': {
    service: 'registry.docker.io',
    credentials: { username: 'acme', password: 'dckr_pat_abc' },
  },
  // Its `/v2/` proposes the repository of nobody, and it denies push.
  'GHCR, anonymous': { service: 'ghcr.io', challengeScope: 'repository:user/image:pull' },
  'GHCR, a personal access token under any name': {
    service: 'ghcr.io',
    challengeScope: 'repository:user/image:pull',
    credentials: { username: 'x', password: 'ghp_abc' },
  },
  'Quay, a robot account': {
    service: 'quay.io',
    credentials: { username: 'acme+robot', password: 'abc' },
  },
  'GCR, a key file': {
    service: 'gcr.io',
    credentials: { username: '_json_key', password: keyFile },
  },
  'Artifact Registry, a short-lived token': {
    service: 'europe-docker.pkg.dev',
    credentials: { username: 'oauth2accesstoken', password: `ya29.${'a'.repeat(1_000)}` },
  },
  'ECR Public, anonymous': { service: 'public.ecr.aws', challengeScope: 'aws' },
  'GitLab, where the token has the other name': {
    service: 'container_registry',
    field: 'access_token',
    credentials: { username: 'deploy', password: 'gldt-abc' },
  },
};

describe('the token flow of', () => {
  let bench: UpstreamBench;

  beforeEach(() => (bench = new UpstreamBench()));
  afterEach(() => bench.close());

  for (const [name, { credentials, ...options }] of Object.entries(flows)) {
    it(`${name} gives a token for pull of the one repository`, async () => {
      const presented: string[] = [];
      const upstream = await bench.registry({
        wrap: (inner) => {
          const guarded = withTokens(inner, {
            ...options,
            ...(credentials === undefined ? {} : { credentials, anonymous: false }),
          });
          return (exchange) => {
            const { record, request } = exchange;
            presented.push(
              `${record.kind} ${request.headers.authorization?.split(' ', 1)[0] ?? '-'}`,
            );
            return guarded(exchange);
          };
        },
      });
      upstream.addManifest({ repository: 'acme/app', tag: '1', body: '{}' });
      const client = bench.client(
        upstream,
        credentials === undefined ? {} : { mirror: { credentials } },
      );
      const response = await client.fetch(manifestRequest('acme/app:1'));
      expect((await bodyOf(response)).toString()).to.equal('{}');
      const { target = '' } = upstream.requests.find(({ kind }) => kind === 'token') ?? {};
      expect(Object.fromEntries(new URL(target, upstream.url).searchParams)).to.include({
        service: options.service,
        scope: 'repository:acme/app:pull',
      });
      // The account is for the token server alone.
      expect(presented).to.deep.equal([
        'manifest -',
        `token ${credentials === undefined ? '-' : 'Basic'}`,
        'manifest Bearer',
      ]);
    });
  }
});
