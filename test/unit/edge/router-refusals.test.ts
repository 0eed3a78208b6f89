import { standardLimits as limits } from '../../../lib/config/limits-schema.ts';
import { expect } from 'chai';
import { parseTarget } from '../../../lib/edge/admission.ts';
import { Router, type HostRoute } from '../../../lib/edge/router.ts';
import { hostOf, led, refused, universal } from '../../support/edge/routes.ts';
import { testMirror, testSettings, ghcr, hub } from '../../support/edge/test-settings.ts';

describe('Router.routeRegistry', () => {
  const limited = testMirror('limited', {
    registry: 'limited.test:5000',
    repositories: ['acme/*', 'deep/**', 'library/alpine'],
  });
  const router = new Router(testSettings({ mirrors: [hub, ghcr, limited] }));
  const lead = (host: HostRoute, target: string): string =>
    led(router.routeRegistry(host, parseTarget(target, limits)));

  const refusals: readonly (readonly [string, HostRoute, string, string])[] = [
    ['an unknown ns', universal, '/v2/a/b/manifests/1?ns=evil.test', '404 NAME_UNKNOWN'],
    ['an unknown ns of a ping', universal, '/v2/?ns=evil.test', '404 NAME_UNKNOWN'],
    ['an empty ns', universal, '/v2/a/b/manifests/1?ns=', '404 NAME_UNKNOWN'],
    ['ns with an inherited name', universal, '/v2/?ns=constructor', '404 NAME_UNKNOWN'],
    ['ns with a line break', universal, '/v2/?ns=ghcr.io%0d%0aX:y', '404 NAME_UNKNOWN'],
    ['ns by a look-alike of ASCII', universal, '/v2/?ns=doc%E2%84%AAer.io', '404 NAME_UNKNOWN'],
    ['ns as a URL', universal, '/v2/?ns=https://ghcr.io', '404 NAME_UNKNOWN'],
    ['two ns', universal, '/v2/?ns=ghcr.io&ns=ghcr.io', '400 UNSUPPORTED'],
    ['another ns on a host', hostOf(ghcr), '/v2/a/b/manifests/1?ns=docker.io', '404 NAME_UNKNOWN'],
    ['a prefix and nothing else', universal, '/v2/ghcr.io/manifests/1', '400 NAME_INVALID'],
    ['the prefix of Docker Hub alone', universal, '/v2/docker.io/manifests/1', '400 NAME_INVALID'],
    ['a repository outside of the globs', hostOf(limited), '/v2/b/c/manifests/1', '403 DENIED'],
    ['a deeper repository than `*`', hostOf(limited), '/v2/acme/a/b/manifests/1', '403 DENIED'],
    ['no repository', universal, '/v2/manifests/1', '400 NAME_INVALID'],
    ['an upper-case repository', universal, '/v2/Acme/app/manifests/1', '400 NAME_INVALID'],
    ['a malformed tag', universal, '/v2/a/b/manifests/.1', '400 TAG_INVALID'],
    ['a short digest', universal, '/v2/a/b/blobs/sha256:aa', '400 DIGEST_INVALID'],
    ['the catalog', universal, '/v2/_catalog', '404 UNSUPPORTED'],
    ['uploads', universal, '/v2/a/b/blobs/uploads/', '404 UNSUPPORTED'],
  ];
  for (const [what, host, target, expected] of refusals) {
    it(`refuses ${what}`, () => {
      expect(refused(() => lead(host, target))).to.equal(expected);
    });
  }
});
