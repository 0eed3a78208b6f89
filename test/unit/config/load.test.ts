import { mkdir, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { loadConfiguration } from '../../../lib/config/load.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { load, placesOf, problemsOf, sourcesOf } from './written-configuration.ts';

const base = 'universal: {hosts: [mirror.test]}\n';

/** Every object that can be reached, typed arrays apart. */
function* objectsIn(value: unknown): Generator<object> {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  yield value;
  for (const part of Object.values(value)) yield* objectsIn(part);
}

describe('the smallest configuration', () => {
  it('is one line of registries and one host, everything else by default', async () => {
    const configuration = await load(`${base}mirrors: [docker.io, ghcr.io]\n`);
    const { mirrors, listen, processes, cache, certificates, log } = configuration;
    expect(mirrors.map(({ name, upstreams }) => [name, upstreams])).to.deep.equal([
      ['hub', ['https://registry-1.docker.io']],
      ['ghcr', ['https://ghcr.io']],
    ]);
    expect(mirrors[0]).to.deep.include({
      aliases: ['index.docker.io', 'registry-1.docker.io'],
      tokenHosts: ['auth.docker.io'],
      repositories: undefined,
      tags: { ttlMs: 60_000, staleIfErrorMs: 604_800_000, immutable: [] },
      allowPrivateUpstream: false,
    });
    expect(listen).to.deep.equal({
      https: [{ kind: 'tcp', address: '0.0.0.0', port: 443 }],
      http: [{ kind: 'tcp', address: '0.0.0.0', port: 80 }],
      admin: { kind: 'tcp', address: '127.0.0.1', port: 9180 },
      proxyProtocol: { https: [], from: [] },
      trustedProxies: [],
    });
    expect(processes).to.deep.equal({ edges: 4, workers: 1 });
    expect(cache).to.deep.include({ directory: '/var/cache/mirrorgate', minFree: { share: 0.05 } });
    expect(certificates).to.deep.include({ directory: '/var/lib/mirrorgate/certs', files: [] });
    expect(certificates.privateCa.permitted).to.deep.equal([{ kind: 'dns', zone: 'mirror.test' }]);
    expect(log).to.deep.equal({ level: 'info', access: true, format: 'json' });
  });

  it('says the same as a text, as keys, and as JSON', async () => {
    const { mirrors } = await load(`${base}mirrors: [quay.io]\n`);
    for (const text of [
      `${base}mirrors: [{registry: quay.io}]\n`,
      `${base}mirrors:\n  - registry: quay.io\n`,
      JSON.stringify({ universal: { hosts: ['mirror.test'] }, mirrors: ['quay.io'] }, undefined, 2),
    ]) {
      expect((await load(text)).mirrors).to.deep.equal(mirrors);
    }
  });

  it('is frozen to its depths', async () => {
    const configuration = await load(
      `${base}mirrors: [docker.io, {registry: x.test, name: x, hosts: [x.test], repositories: [a]}]
services: [{name: s3, hosts: [s3.test], target: "http://127.0.0.1:9000"}]
bandwidth: {monthly: 1TB, stages: [{at: 80%, do: warn}]}\n`,
    );
    const objects = [...objectsIn(configuration)];
    expect(objects.length).to.be.above(30);
    expect(objects.filter((value) => !Object.isFrozen(value))).to.deep.equal([]);
  });
});

describe('paths', () => {
  it("count from the file's own folder, whatever the current one is", async () => {
    const directory = await TemporaryDirectory.create('paths');
    try {
      await mkdir(directory.join('config'));
      await writeFile(
        directory.join('config', 'm.yaml'),
        `${base}mirrors: [docker.io]
listen: {admin: "unix:../run/admin.sock"}
state: {directory: ../state}
cache: {directory: cache}
certificates: {files: [{certificate: a.pem, key: /keys/a.pem}]}
allowList: lists/allow.yaml\n`,
      );
      const configuration = await loadConfiguration(directory.join('config/m.yaml'), sourcesOf());
      expect(configuration).to.deep.include({
        file: directory.join('config', 'm.yaml'),
        stateDirectory: directory.join('state'),
        allowListFile: directory.join('config', 'lists', 'allow.yaml'),
      });
      expect(configuration.listen.admin).to.deep.equal({
        kind: 'unix',
        path: directory.join('run', 'admin.sock'),
      });
      expect(configuration.cache.directory).to.equal(directory.join('config', 'cache'));
      expect(configuration.certificates).to.deep.include({
        directory: directory.join('state', 'certs'),
        files: [{ certificate: directory.join('config', 'a.pem'), key: '/keys/a.pem' }],
      });
    } finally {
      await directory.close();
    }
  });

  it('of the configuration itself may lead nowhere, which is told with it', async () => {
    const error = await rejectionOf(loadConfiguration('/nowhere/mirrorgate.yaml'));
    expect(error.code).to.equal('MIRRORGATE_CONFIG_INVALID');
    expect(error.message).to.match(/^\/nowhere\/mirrorgate\.yaml: /);
  });
});

describe('every problem', () => {
  it('is told at once, in the order of the file, each with its place', async () => {
    const text = [
      'listen: {https: ["localhost:443"], admin: "0.0.0.0:9180"}',
      'mirrors:',
      '  - docker.io',
      '  - {registry: ghcr.io, hosts: [a.test], host: [b.test]}',
      '  - {registry: index.docker.io, hosts: [c.test]}',
      '  - {registry: quay.io, hosts: [c.test], ports: [70000]}',
      '  - {registry: gcr.io, hosts: [c.test]}',
      'services:',
      '  - {name: hub, hosts: [d.test], target: "http://127.0.0.1:9000"}',
      '  - {name: s3, hosts: [d.test], target: "http://127.0.0.1:9000/path"}',
      'log: {level: loud}',
      'extra: 1',
    ].join('\n');
    expect(await placesOf(text)).to.deep.equal([
      '1:18 listen.https[0]',
      '1:36 listen.admin',
      '4:42 mirrors[1].host',
      '5:5 mirrors[2]',
      '5:5 mirrors[2]',
      '6:50 mirrors[3].ports[0]',
      '7:32 mirrors[4].hosts[0]',
      '9:5 services[0]',
      '10:33 services[1].target',
      '11:7 log.level',
      '12:1 extra',
    ]);
  });

  it('of one part accuses no other: what is missing may stand in the faulty part', async () => {
    expect(await placesOf('mirrors: [docker.io]\nuniversal: {hosts: ["a b"]}\n')).to.deep.equal([
      '2:21 universal.hosts[0]',
    ]);
    expect(
      await placesOf(
        `${base}certificates: {issuer: files, files: [{certificate: a.pem}]}\nmirrors: [docker.io]\n`,
      ),
    ).to.deep.equal(['2:39 certificates.files[0].key']);
    expect(await placesOf(`${base}mirrors: [Docker.io]\n`)).to.deep.equal(['2:11 mirrors[0]']);
  });

  it('is one line, whatever was written', async () => {
    const text = `${base}"a\\nb\\e[31m": 1\nmirrors: ["x\\ny", {registry: "\\e[2J"}, docker.io]\n`;
    const problems = await problemsOf(text);
    expect(problems).to.have.length(3);
    // eslint-disable-next-line no-control-regex -- nothing may break a line or move a cursor
    for (const { key, message } of problems) expect(key + message).to.not.match(/[\0-\x1f]/);
  });

  it('is told where the whole is no mapping, is empty, or runs in a circle', async () => {
    for (const text of ['- docker.io\n', 'docker.io\n', '5\n']) {
      expect(await placesOf(text)).to.deep.equal(['1:1 ']);
    }
    expect((await problemsOf(''))[0]?.message).to.equal('there is no mirror');
    expect((await problemsOf('mirrors: &m [*m, docker.io]\n')).length).to.be.above(0);
    expect(await placesOf(`${base}mirrors: [docker.io]\n__proto__: {log: 5}\n`)).to.have.length(1);
  });
});
