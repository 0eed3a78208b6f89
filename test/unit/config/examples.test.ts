import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { jsonSchemaText } from '../../../lib/config/json-schema.ts';
import { loadConfiguration } from '../../../lib/config/load.ts';
import { namedKeys } from './structural-check.ts';
import { load } from './written-configuration.ts';

const folder = join(import.meta.dirname, '../../../config');

function example(name: string): Promise<string> {
  return readFile(join(folder, name), 'utf8');
}

describe('the example for production', () => {
  it('is valid as it lies there, and needs no file beside the allow-list', async () => {
    const { allowListFile, mirrors } = await loadConfiguration(join(folder, 'mirrorgate.yaml'));
    expect(allowListFile).to.equal(join(folder, 'allow-list.yaml'));
    expect(mirrors.map(({ name }) => name)).to.deep.equal(['hub', 'ghcr', 'quay']);
  });

  it('begins with its schema, for editors', async () => {
    const [first] = (await example('mirrorgate.yaml')).split('\n', 1);
    expect(first).to.equal('# yaml-language-server: $schema=mirrorgate.schema.json');
  });

  it('shows every key that there is, active or as a comment', async () => {
    const text = await example('mirrorgate.yaml');
    const keys = namedKeys(JSON.parse(jsonSchemaText())).map(
      (path) => path.split('.').at(-1) ?? '',
    );
    const missing = keys.filter((key) => !new RegExp(`(?:^|[\\s#{,-])${key}:`, 'm').test(text));
    // Secrets from the environment are told in its head.
    expect(missing.filter((key) => key !== 'env')).to.deep.equal([]);
    expect(text).to.contain('{env: NAME}');
  });

  it('is still valid with what stands in comments', async () => {
    const text = await example('mirrorgate.yaml');
    const opened = text
      .replace(/^services: \[\]$/m, '')
      .replace(/^( *)# (?=(?: *(?:- |[a-zA-Z]+:)).*$)/gm, (line, indent: string, at: number) =>
        isProse(text.slice(at)) ? line : indent,
      );
    const configuration = await load(opened, {
      defaultEdges: 1,
      readSecret: () => ({ kind: 'secret', value: '' }),
    });
    expect(configuration.bandwidth.stages).to.have.length(4);
    expect(configuration.certificates.acme?.cas[0].email).to.equal('ops@example.com');
    expect(configuration.services.map(({ name }) => name)).to.deep.equal(['s3']);
    expect(configuration.mirrors.map(({ name }) => name)).to.deep.equal([
      'hub',
      'ghcr',
      'quay',
      'corp',
    ]);
  });
});

/** Whether a comment is words: a capital first, or a key that the schema does not have. */
function isProse(comment: string): boolean {
  return /^ *# *(?:[A-Z]|issuer: files|public\.ecr)/.test(comment);
}

describe('the quick start', () => {
  it('needs no root, no name service and no other address than loopback', async () => {
    const { listen, sites, processes } = await loadConfiguration(join(folder, 'quickstart.yaml'));
    for (const { address, port } of [...listen.https, ...listen.http]) {
      expect(address).to.equal('127.0.0.1');
      expect(port).to.be.above(1023);
    }
    for (const host of sites.flatMap(({ hosts }) => hosts)) {
      expect(host).to.match(/(?:^|\.)localhost$|^127\.0\.0\.1$/);
    }
    expect(processes.workers).to.be.at.least(1);
  });
});
