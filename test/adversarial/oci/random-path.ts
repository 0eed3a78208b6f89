/** Request paths that are pulls, almost pulls, and attempts to leave the cache directory. */
import { digestOf } from '../../../lib/oci/digest.ts';
import type { SeededRandom } from '../../support/edge/seeded-random.ts';

const digest = digestOf(Buffer.from('content'));

const components = [
  ...['a', 'library', 'alpine', 'v2', 'blobs', 'manifests', 'tags', 'list', 'layout', 'mirrors'],
  ...[
    '.',
    '..',
    '...',
    '',
    '_blobs',
    '_tags',
    '.mirrorgate-tmp-0',
    '-',
    '__',
    'a..b',
    'a.b',
    'a-b',
  ],
  ...['%2e%2e', '%2e%2e%2f', '..%2f', '%00', '%c0%ae', '..\\', '\\..\\', '..;', '~', '~root', '*'],
  ...['etc', 'passwd', 'C:', 'CON', 'nul', '\0', '\n', '\r\n', '\u202e', '\u2215', 'ａ', 'é', '‥'],
  ...['A', 'x'.repeat(255), 'x'.repeat(256), 'a:b', 'a@b', '?', '#', digest, `${digest}/..`],
];

const references = [
  ...['latest', '1.0', '_', '..', '.', '.x', '-x', '', 'a/b', '..%2f..', 'x'.repeat(129), '\0'],
  ...[digest, `${digest}0`, digest.toUpperCase(), 'sha256:..', `sha256:${'../'.repeat(21)}a`],
  ...[`sha512:${'f'.repeat(128)}`, `sha512:${'/'.repeat(128)}`, 'sha256:', 'md5:00'],
];

const verbs = ['manifests', 'blobs', 'tags', 'referrers', 'manifests', 'blobs', 'uploads', '..'];

/** A path as it would stand in a request line, query left out. */
export function randomPath(random: SeededRandom): string {
  const length = 1 + random.below(4);
  const repository = Array.from({ length }, () =>
    random.below(6) === 0 ? random.pick(components) : random.pick(components.slice(0, 10)),
  );
  const verb = random.pick(verbs);
  const last = verb === 'tags' && random.below(2) === 0 ? 'list' : random.pick(references);
  const path = `/v2/${[...repository, verb, last].join('/')}`;
  return random.below(5) === 0 ? mutated(path, random) : path;
}

function mutated(path: string, random: SeededRandom): string {
  const at = random.below(path.length);
  const inserted = random.pick([
    '/',
    '//',
    '/../',
    '/./',
    '..',
    '\\',
    '\0',
    '%2f',
    ' ',
    '/_blobs/',
  ]);
  return path.slice(0, at) + inserted + path.slice(at + random.below(3));
}
