import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { jsonSchemaText } from '../../../lib/config/json-schema.ts';
import { load, placesOf } from './written-configuration.ts';
import { brokenPlaces, namedKeys, openMappings } from './structural-check.ts';

const folder = join(import.meta.dirname, '../../../config');
const schema: unknown = JSON.parse(jsonSchemaText());

describe('the JSON Schema of the configuration', () => {
  it('is the one that lies in config/', async () => {
    const text = await readFile(join(folder, 'mirrorgate.schema.json'), 'utf8');
    expect(text, 'run: npm run schema').to.equal(jsonSchemaText());
  });

  for (const name of ['mirrorgate.yaml', 'quickstart.yaml']) {
    it(`accepts config/${name}`, async () => {
      const value: unknown = parse(await readFile(join(folder, name), 'utf8'));
      expect(brokenPlaces(value, schema)).to.deep.equal([]);
    });
  }

  it('takes no unknown key anywhere', () => {
    expect(openMappings(schema)).to.deep.equal([]);
    expect(brokenPlaces({ mirrors: [{ registry: 'a.test', host: 'x' }] }, schema)).to.not.be.empty;
    expect(brokenPlaces({ extra: 1 }, schema)).to.deep.equal(['$.extra']);
  });

  it('names every key that there is', () => {
    expect(namedKeys(schema)).to.include.members([
      ...['listen.https', 'listen.http', 'listen.admin', 'processes.edges', 'processes.workers'],
      ...['certificates.directory', 'certificates.issuer', 'certificates.acme.directory'],
      ...['certificates.acme.fallback[].externalAccount.key.env', 'certificates.acme.dns.command'],
      ...['certificates.acme.trust.file', 'certificates.privateCa.permitted', 'state.directory'],
      ...['certificates.privateCa.leafLifetime', 'certificates.files[].key', 'cache.maxSize'],
      ...['cache.minFree', 'mirrors[].registry', 'mirrors[].credentials.password.env'],
      ...['mirrors[].tags.staleIfError', 'mirrors[].upstreamTrust.file', 'universal.hosts'],
      ...['services[].target', 'allowList', 'bandwidth.stages[].do', 'ca.access', 'log.format'],
    ]);
  });

  const texts: readonly (readonly [what: string, text: string])[] = [
    ['the shortest', 'universal: {hosts: [m.test]}\nmirrors: [docker.io]\n'],
    [
      'numbers and words',
      'universal: {hosts: [m.test]}\nprocesses: {edges: 3}\ncache: {scrub: off, minFree: 2GiB}\nmirrors: [{registry: quay.io, ports: [5000]}]\n',
    ],
  ];
  for (const [what, text] of texts) {
    it(`accepts what the program accepts: ${what}`, async () => {
      await load(text);
      expect(brokenPlaces(parse(text), schema)).to.deep.equal([]);
    });
  }

  const wrong = [
    ...['log: {level: loud}', 'log: {access: "yes"}', 'processes: {edges: 0}', 'ca: {access: all}'],
    ...[
      'processes: {workers: 1.5}',
      'cache: {maxSize: 40G}',
      'mirrors: [Docker.io]',
      'mirrors: hub',
    ],
    ...['mirrors: [{registry: quay.io, ports: [70000]}]', 'mirrors: [{hosts: [a.test]}]'],
    ...['mirrors: [{registry: quay.io, tags: {ttl: 60}}]', 'universal: {hosts: []}', 'state: /var'],
    ...[
      'bandwidth: {monthly: 1TB, resetDay: 31}',
      'bandwidth: {grace: soon}',
      'certificates: {issuer: x}',
    ],
    'mirrors: [{registry: quay.io, credentials: {username: a, password: inline}}]',
  ];
  for (const text of wrong) {
    it(`refuses what the program refuses: ${text}`, async () => {
      expect(brokenPlaces(parse(text), schema)).to.not.be.empty;
      expect(await placesOf(text)).to.not.be.empty;
    });
  }
});
