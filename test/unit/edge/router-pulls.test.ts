import { standardLimits as limits } from '../../../lib/config/limits-schema.ts';
import { expect } from 'chai';
import { parseTarget } from '../../../lib/edge/admission.ts';
import { Router, type HostRoute } from '../../../lib/edge/router.ts';
import { hostOf, led, refused, universal } from '../../support/edge/routes.ts';
import { testMirror, testSettings, ghcr, hub } from '../../support/edge/test-settings.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe('Router.routeRegistry', () => {
  const limited = testMirror('limited', {
    registry: 'limited.test:5000',
    repositories: ['acme/*', 'deep/**', 'library/alpine'],
  });
  const limitedHub = { ...hub, repositories: ['library/alpine'] };
  const router = new Router(testSettings({ mirrors: [hub, ghcr, limited] }));
  const lead = (host: HostRoute, target: string): string =>
    led(router.routeRegistry(host, parseTarget(target, limits)));

  const routes: readonly (readonly [string, HostRoute, string, string])[] = [
    ['a ping', universal, '/v2/', 'ping'],
    ['a ping without slash', universal, '/v2', 'ping'],
    [
      'Docker Hub by default',
      universal,
      '/v2/acme/app/manifests/1',
      'hub /v2/acme/app/manifests/1',
    ],
    [
      'a bare Hub name in library/',
      universal,
      '/v2/alpine/manifests/3',
      'hub /v2/library/alpine/manifests/3',
    ],
    [
      'a registry by ns',
      universal,
      '/v2/acme/app/manifests/1?ns=ghcr.io',
      'ghcr /v2/acme/app/manifests/1',
    ],
    [
      'ns in upper case',
      universal,
      '/v2/acme/app/manifests/1?ns=GHCR.io',
      'ghcr /v2/acme/app/manifests/1',
    ],
    [
      'an alias of a registry by ns',
      universal,
      '/v2/alpine/manifests/3?ns=index.docker.io',
      'hub /v2/library/alpine/manifests/3',
    ],
    [
      'a registry with a port by ns',
      universal,
      '/v2/acme/app/manifests/1?ns=limited.test%3A5000',
      'limited /v2/acme/app/manifests/1',
    ],
    [
      'a registry by path prefix',
      universal,
      `/v2/ghcr.io/acme/app/blobs/${digest}`,
      `ghcr /v2/acme/app/blobs/${digest}`,
    ],
    [
      'a bare Hub name behind a prefix',
      universal,
      '/v2/docker.io/alpine/manifests/3',
      'hub /v2/library/alpine/manifests/3',
    ],
    [
      'an alias as path prefix',
      universal,
      '/v2/registry-1.docker.io/library/alpine/tags/list',
      'hub /v2/library/alpine/tags/list',
    ],
    [
      'prefix and ns that say the same',
      universal,
      '/v2/ghcr.io/acme/app/manifests/1?ns=ghcr.io',
      'ghcr /v2/acme/app/manifests/1',
    ],
    [
      'ns before a prefix of another registry, which is a name then',
      universal,
      '/v2/ghcr.io/acme/app/manifests/1?ns=docker.io',
      'hub /v2/ghcr.io/acme/app/manifests/1',
    ],
    [
      'an unknown first component as a name of Docker Hub',
      universal,
      '/v2/evil.test/app/manifests/1',
      'hub /v2/evil.test/app/manifests/1',
    ],
    [
      'one prefix, dropped once',
      universal,
      '/v2/ghcr.io/ghcr.io/app/manifests/1',
      'ghcr /v2/ghcr.io/app/manifests/1',
    ],
    [
      'the mirror of a host',
      hostOf(ghcr),
      '/v2/acme/app/manifests/1',
      'ghcr /v2/acme/app/manifests/1',
    ],
    [
      'the mirror of a host with its own ns',
      hostOf(ghcr),
      '/v2/acme/app/manifests/1?ns=ghcr.io',
      'ghcr /v2/acme/app/manifests/1',
    ],
    [
      'the mirror of a host with its own prefix',
      hostOf(ghcr),
      '/v2/ghcr.io/acme/app/manifests/1',
      'ghcr /v2/acme/app/manifests/1',
    ],
    [
      "a list with its query and without the client's ns",
      universal,
      '/v2/acme/app/tags/list?n=5&ns=ghcr.io&last=a%2Fb',
      'ghcr /v2/acme/app/tags/list?n=5&last=a%2Fb',
    ],
    [
      'a parameter that only ends in ns',
      universal,
      '/v2/acme/app/tags/list?columns=1',
      'hub /v2/acme/app/tags/list?columns=1',
    ],
    [
      'permitted repositories of a limited mirror',
      hostOf(limited),
      '/v2/deep/er/app/manifests/1',
      'limited /v2/deep/er/app/manifests/1',
    ],
  ];
  for (const [what, host, target, expected] of routes) {
    it(`leads to ${what}`, () => {
      expect(lead(host, target)).to.equal(expected);
    });
  }

  it('judges the globs by the name that the upstream has', () => {
    const own = new Router(testSettings({ mirrors: [limitedHub] }));
    for (const name of ['alpine', 'library/alpine', 'docker.io/alpine']) {
      const route = own.routeRegistry(universal, parseTarget(`/v2/${name}/manifests/3`, limits));
      expect(led(route)).to.equal('hub /v2/library/alpine/manifests/3');
    }
    expect(
      refused(() => own.routeRegistry(universal, parseTarget('/v2/busybox/manifests/1', limits))),
    ).to.equal('403 DENIED');
  });

  it('tells the client the ns that it sent', () => {
    const route = router.routeRegistry(universal, parseTarget('/v2/?ns=GHCR.io', limits));
    expect(route.namespace).to.equal('GHCR.io');
    expect(router.routeRegistry(universal, parseTarget('/v2/', limits)).namespace).to.equal(
      undefined,
    );
  });

  it('knows no mirror where none serves Docker Hub', () => {
    const bare = new Router(testSettings({ mirrors: [ghcr] }));
    expect(
      refused(() => bare.routeRegistry(universal, parseTarget('/v2/alpine/manifests/3', limits))),
    ).to.equal('404 NAME_UNKNOWN');
  });
});
