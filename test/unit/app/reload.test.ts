import { expect } from 'chai';
import { changesThatNeedRestart, knownNames, reloadable } from '../../../lib/app/reload.ts';
import type { Configuration } from '../../../lib/config/configuration.ts';
import { loadConfiguration } from '../../../lib/config/load.ts';
import { GateFolder } from '../../support/app/gate-folder.ts';

describe('a reload of the configuration', () => {
  let folder: GateFolder;
  let running: Configuration;

  const configured = async (changes: Record<string, unknown>): Promise<Configuration> => {
    await folder.configure(changes);
    return await loadConfiguration(folder.configurationFile);
  };
  beforeEach(async () => {
    folder = await GateFolder.create();
    running = await configured({});
  });
  afterEach(() => folder.close());

  /** Each with the keys that it must name. */
  const fixed: readonly (readonly [string, Record<string, unknown>])[] = [
    ['listen.admin', { listen: { admin: 'unix:other.sock' } }],
    ['processes', { processes: { edges: 2, workers: 1 } }],
    ['certificates.directory', { certificates: { directory: 'other' } }],
    ['state.directory', { state: { directory: 'other' } }],
    ['cache.directory', { cache: { directory: 'other', minFree: '16MB' } }],
    ['cache.maxSize', { cache: { directory: 'cache', minFree: '16MB', maxSize: '1GiB' } }],
    ['cache.minFree', { cache: { directory: 'cache', minFree: '17MB' } }],
    ['cache.scrub', { cache: { directory: 'cache', minFree: '16MB', scrub: 'off' } }],
    ['log.level', { log: { level: 'debug' } }],
    ['log.format', { log: { format: 'text' } }],
  ];

  for (const [key, changes] of fixed) {
    it(`names ${key} as in need of a restart, and leaves it as it is`, async () => {
      const wanted = await configured(changes);
      expect(changesThatNeedRestart(running, wanted)).to.deep.equal([key]);
      expect(changesThatNeedRestart(running, reloadable(running, wanted))).to.deep.equal([]);
    });
  }

  it('names nothing where only what can change did, and takes that', async () => {
    const mirrors = [{ registry: 'ghcr.io', hosts: ['ghcr.example.test'], ports: [5001] }];
    const universal = { hosts: ['new.example.test'] };
    const wanted = await configured({ mirrors, universal, allowList: 'b.yaml', log: {} });
    expect(changesThatNeedRestart(running, wanted)).to.deep.equal([]);
    expect(reloadable(running, wanted)).to.deep.equal(wanted);
  });

  it('lets the allow-list name mirrors and services', async () => {
    const services = [{ name: 's3', hosts: ['s3.example.test'], target: 'http://127.0.0.1:9000' }];
    expect(knownNames(await configured({ services }))).to.deep.equal(['hub', 's3']);
  });
});
