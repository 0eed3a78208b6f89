import { expect } from 'chai';
import type { GateFacts } from '../../../lib/app/gate-facts.ts';
import { welcomeText } from '../../../lib/cli/welcome.ts';
import { loadConfiguration } from '../../../lib/config/load.ts';
import { GateFolder } from '../../support/app/gate-folder.ts';

describe('welcomeText', () => {
  let folder: GateFolder;

  const factsOf = async (changes: Record<string, unknown>, port = 8443): Promise<GateFacts> => {
    await folder.configure(changes);
    const configuration = await loadConfiguration(folder.configurationFile);
    const endpoint = { kind: 'tcp', address: '127.0.0.1', port } as const;
    return {
      configuration,
      addresses: [{ endpoint, port, secure: true, mirror: undefined }],
      admin: endpoint,
      trust: { bundleVersion: 1, fingerprint: 'ab12', documents: [], clientRoots: [] },
    };
  };
  const curlLines = (text: string): string[] =>
    text.split('\n').filter((one) => /^ {2}curl/.test(one));
  beforeEach(async () => {
    folder = await GateFolder.create();
  });
  afterEach(() => folder.close());

  it('names every host and port of a mirror, the fingerprint, and what proves it', async () => {
    const text = welcomeText(
      await factsOf({
        mirrors: [
          { registry: 'docker.io', hosts: ['hub.example.test'], ports: [5000] },
          { registry: 'ghcr.io', ports: [5001] },
        ],
      }),
    );
    for (const line of [
      'docker.io            https://hub.example.test:8443',
      'docker.io            https://hub.example.test:5000',
      'ghcr.io              https://mirror.example.test:5001',
      'all of them          https://mirror.example.test:8443',
      'CA fingerprint:  ab12',
    ]) {
      expect(text).to.include(line);
    }
    const [ping, manifest] = curlLines(text);
    expect(ping).to.match(/^ {2}curl -sS --cacert \S+certs\/trust\/bundle\.pem https:\/\/mirror/);
    expect(manifest).to.include('https://mirror.example.test:8443/v2/docker.io/library/alpine/');
  });

  it('leaves the port of https out, and puts IPv6 addresses in brackets', async () => {
    const [line] = curlLines(welcomeText(await factsOf({ universal: { hosts: ['::1'] } }, 443)));
    expect(line).to.match(/ https:\/\/\[::1\]\/v2\/$/);
  });

  it('asks the host of a mirror where there is no universal one', async () => {
    const mirrors = [{ registry: 'docker.io', hosts: ['hub.example.test'] }];
    const lines = curlLines(welcomeText(await factsOf({ mirrors, universal: undefined })));
    expect(lines[1]).to.include('https://hub.example.test:8443/v2/library/alpine/');
  });

  it('quotes a path that a shell would take apart', async () => {
    const certificates = { directory: "it's a folder" };
    const [line] = curlLines(welcomeText(await factsOf({ certificates })));
    expect(line).to.include(String.raw`it'\''s a folder/trust/bundle.pem' https://`);
  });

  it('names no CA where no host uses the private one', async () => {
    const text = welcomeText({ ...(await factsOf({})), trust: undefined });
    expect(text).not.to.match(/CA |--cacert/);
  });
});
