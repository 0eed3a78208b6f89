import { expect } from 'chai';
import { gateAccess } from '../../../lib/clients/gate-access.ts';
import { loadConfiguration } from '../../../lib/config/load.ts';
import { GateFolder } from '../../support/app/gate-folder.ts';

const ca = { fingerprint: 'ab'.repeat(32), bundlePem: 'PEM' };

describe('the way of clients to the gate', () => {
  let folder: GateFolder;
  beforeEach(async () => {
    folder = await GateFolder.create();
  });
  afterEach(() => folder.close());

  async function accessOf(changes: Readonly<Record<string, unknown>>) {
    await folder.configure({
      listen: { https: ['0.0.0.0:443'], http: ['0.0.0.0:80'] },
      ...changes,
    });
    return gateAccess(await loadConfiguration(folder.configurationFile), ca);
  }

  it('prefers a host of the mirror, then its port, then the shared host', async () => {
    const { mirrors } = await accessOf({
      mirrors: [
        { registry: 'docker.io', hosts: ['hub.example.test'], ports: [5000] },
        { registry: 'ghcr.io', ports: [5001] },
        'quay.io',
      ],
    });
    expect(mirrors.map(({ authority, kind }) => [authority, kind])).to.deep.equal([
      ['hub.example.test', 'own'],
      ['mirror.example.test:5001', 'own'],
      ['mirror.example.test', 'shared'],
    ]);
  });

  it('names ports that are not the usual ones', async () => {
    const { mirrors, caOrigin } = await accessOf({
      listen: { https: ['127.0.0.1:8443'], http: ['127.0.0.1:8080'] },
    });
    expect(mirrors[0]?.authority).to.equal('hub.example.test:8443');
    expect(caOrigin).to.equal('http://mirror.example.test:8080');
  });

  it('writes an IPv6 address in brackets', async () => {
    const { mirrors } = await accessOf({
      mirrors: [{ registry: 'ghcr.io', hosts: ['2001:db8::1'] }],
    });
    expect(mirrors[0]?.authority).to.equal('[2001:db8::1]');
  });

  it('finds the CA over https where nothing listens for plain http', async () => {
    const { caOrigin } = await accessOf({ listen: { https: ['0.0.0.0:443'], http: [] } });
    expect(caOrigin).to.equal('https://mirror.example.test');
  });

  it('tells by site who signs: a mirror on the shared host has its certificate', async () => {
    const { mirrors } = await accessOf({
      certificates: { directory: 'certs', files: [{ certificate: 'c.pem', key: 'k.pem' }] },
      mirrors: [{ registry: 'docker.io', hosts: ['hub.example.test'], issuer: 'files' }, 'ghcr.io'],
    });
    expect(mirrors.map(({ usesPrivateCa }) => usesPrivateCa)).to.deep.equal([false, true]);
  });
});
