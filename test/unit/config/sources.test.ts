import { mkdir, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { machineSources } from '../../../lib/config/sources.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';

const variable = 'MIRRORGATE_TEST_SECRET';

describe('the secrets of this machine', () => {
  let directory: TemporaryDirectory;
  let path: string;

  beforeEach(async () => {
    directory = await TemporaryDirectory.create('sources');
    path = directory.join('secret');
  });
  afterEach(async () => {
    Reflect.deleteProperty(process.env, variable);
    await directory.close();
  });

  const contents: readonly (readonly [written: string, secret: string])[] = [
    ['p4ss', 'p4ss'],
    ['p4ss\n', 'p4ss'],
    ['p4ss\r\n', 'p4ss'],
    ['p4ss\n\n', 'p4ss\n'],
    [' p4ss ', ' p4ss '],
    ['two\nlines\n', 'two\nlines'],
  ];
  for (const [written, value] of contents) {
    it(`lose one trailing newline: ${JSON.stringify(written)}`, async () => {
      await writeFile(path, written);
      expect(machineSources.readSecret({ file: path })).to.deep.equal({ kind: 'secret', value });
    });
  }

  it('are missing where the file is absent, empty, or a folder', async () => {
    await writeFile(directory.join('empty'), '\n');
    await mkdir(directory.join('folder'));
    for (const name of ['none', 'empty', 'folder']) {
      const result = machineSources.readSecret({ file: directory.join(name) });
      expect(result.kind).to.equal('missing');
      if (result.kind === 'missing') expect(result.reason).to.contain(directory.join(name));
    }
  });

  it('come from the environment, where they are not empty', () => {
    expect(machineSources.readSecret({ env: variable }).kind).to.equal('missing');
    process.env[variable] = '';
    expect(machineSources.readSecret({ env: variable }).kind).to.equal('missing');
    process.env[variable] = 'p4ss\n';
    expect(machineSources.readSecret({ env: variable })).to.deep.equal({
      kind: 'secret',
      value: 'p4ss\n',
    });
  });
});

describe('the edges of this machine', () => {
  it('are at least one', () => {
    expect(machineSources.defaultEdges).to.be.at.least(1);
  });
});
