import { expect } from 'chai';
import { tryImageName } from '../../../lib/oci/image-name.ts';
import { referenceText } from '../../../lib/oci/reference.ts';

const digest = `sha256:${'a'.repeat(64)}`;

const names: readonly (readonly [string, string])[] = [
  ['nginx', 'docker.io library/nginx latest'],
  ['nginx:1.27', 'docker.io library/nginx 1.27'],
  ['acme/app', 'docker.io acme/app latest'],
  ['docker.io/nginx', 'docker.io library/nginx latest'],
  ['ghcr.io/acme/app:1.2', 'ghcr.io acme/app 1.2'],
  ['localhost:5000/app', 'localhost:5000 app latest'],
  ['localhost/app', 'localhost app latest'],
  [`quay.io/acme/app:1@${digest}`, `quay.io acme/app ${digest}`],
  [`nginx@${digest}`, `docker.io library/nginx ${digest}`],
];

describe('tryImageName', () => {
  for (const [text, expected] of names) {
    it(`reads ${text.slice(0, 40)}`, () => {
      const name = tryImageName(text);
      const told = name && `${name.registry} ${name.repository} ${referenceText(name.reference)}`;
      expect(told).to.equal(expected);
    });
  }

  for (const text of [
    '',
    'Nginx',
    'ghcr.io/',
    'a b',
    'nginx:',
    'nginx@sha256:12',
    '../x',
    'x//y',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(tryImageName(text)).to.equal(undefined);
    });
  }
});
