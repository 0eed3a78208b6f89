import { expect } from 'chai';
import { problemText } from '../../../lib/config/problems.ts';
import { testCertifiedKey } from '../../support/test-certificates.ts';
import { load, problemsOf, sourcesOf } from './written-configuration.ts';

const mirror = 'universal: {hosts: [m.test]}\nmirrors:\n- registry: quay.io\n  repositories: [a]\n';

describe('the secrets of a configuration', () => {
  it('are read from files and from the environment', async () => {
    for (const reference of ['{file: /run/secrets/hub}', '{env: HUB}']) {
      const { mirrors } = await load(
        `${mirror}  credentials: {username: acme, password: ${reference}}\n`,
        sourcesOf({ '/run/secrets/hub': 'p4ss', HUB: 'p4ss' }),
      );
      expect(mirrors[0]?.credentials).to.deep.equal({ username: 'acme', password: 'p4ss' });
    }
  });

  it('are told missing with their key and place', async () => {
    const problems = await problemsOf(
      `${mirror}  credentials: {username: acme, password: {file: /none}}\n  upstreamTrust: {file: /root.pem}\n`,
    );
    expect(problems.map(({ line, key }) => [line, key])).to.deep.equal([
      [5, 'mirrors[0].credentials.password'],
      [6, 'mirrors[0].upstreamTrust.file'],
    ]);
  });

  it('never stand inline, and where they do they are not repeated', async () => {
    for (const written of [
      ...[
        'password: hunter2',
        'password: [hunter2]',
        'password: {hunter2: x}',
        'password: 7hunter2',
      ],
      ...['password: {file: "", env: hunter2}', 'username: {hunter2: x}, password: {env: HUB}'],
    ]) {
      const problems = await problemsOf(
        `${mirror}  credentials: {username: acme, ${written}}\n`.replace(
          'username: acme, username',
          'username',
        ),
      );
      const told = problems.map(problemText).join('\n').replaceAll('.hunter2: unknown key', '');
      expect(told, written).to.contain('credentials');
      expect(told, written).to.not.contain('hunter2');
    }
    for (const written of ['credentials: acme:hunter2', 'upstream: https://acme:hunter2@quay.io']) {
      const told = (await problemsOf(`${mirror}  ${written}\n`)).map(problemText).join('\n');
      expect(told, written).to.not.contain('hunter2');
    }
  });

  it('of trust are certificates', async () => {
    const { chainPem } = testCertifiedKey(['a.test']);
    const text = `${mirror}  upstreamTrust: {file: /root.pem}\n`;
    const { mirrors } = await load(text, sourcesOf({ '/root.pem': chainPem }));
    expect(mirrors[0]?.upstreamTrust).to.equal(chainPem);
    const problems = await problemsOf(text, sourcesOf({ '/root.pem': 'no certificate' }));
    expect(problems.map(({ key }) => key)).to.deep.equal(['mirrors[0].upstreamTrust.file']);
  });
});
