import { chmod, readFile, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { makeChallenge, type Challenge } from '../../../lib/acme/challenge.ts';
import { dnsHook } from '../../../lib/acme/dns-hook.ts';
import { systemClock } from '../../../lib/time/clock.ts';
import { TemporaryDirectory } from '../../support/lab/temporary-directory.ts';
import { rejectionOf } from '../../support/rejection.ts';

describe('dnsHook', () => {
  const { signal } = new AbortController();
  let directory: TemporaryDirectory;
  let challenge: Challenge;

  beforeEach(async () => {
    directory = await TemporaryDirectory.create('hook');
    challenge = makeChallenge({
      ...{ kind: 'dns-01', host: 'example.test', token: 't', keyAuthorization: 't.k' },
      clock: systemClock,
    });
  });
  afterEach(() => directory.close());

  async function hook(script: string, deadlineMs = 5_000) {
    const path = directory.join('hook.sh');
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o700);
    return dnsHook({
      command: [path, directory.join('said')],
      environment: { DNS_TOKEN: 's3cret' },
      deadlineMs,
      propagationMs: 0,
      clock: systemClock,
    });
  }

  it('runs the command with present and cleanup, the name and the value', async () => {
    const responder = await hook('out=$1; shift; echo "$@ $DNS_TOKEN $HOME" >>"$out"');
    await responder.present(challenge, signal);
    await responder.withdraw(challenge);
    const { name, value } = challenge as Extract<Challenge, { kind: 'dns-01' }>;
    expect(name).to.equal('_acme-challenge.example.test');
    const said = await readFile(directory.join('said'), 'utf8');
    expect(said).to.equal(`present ${name} ${value} s3cret \ncleanup ${name} ${value} s3cret \n`);
  });

  it('runs one at a time', async () => {
    const responder = await hook('echo in >>"$1"; sleep 0.02; echo out >>"$1"');
    await Promise.all([1, 2, 3].map(() => responder.present(challenge, signal)));
    const said = await readFile(directory.join('said'), 'utf8');
    expect(said).to.equal('in\nout\n'.repeat(3));
  });

  it('rejects with the last words of a command that fails, or that is not there', async () => {
    const failing = await hook('echo one >&2; echo "no such zone" >&2; exit 3');
    const error = await rejectionOf(failing.present(challenge, signal));
    expect(error.code).to.equal('MIRRORGATE_ACME_HOOK');
    expect(error.message).to.contain('ended with 3').and.contain('no such zone');
    const missing = dnsHook({
      ...{ command: ['/none/hook'], deadlineMs: 1_000, propagationMs: 0, clock: systemClock },
    });
    expect((await rejectionOf(missing.present(challenge, signal))).message).to.contain('ENOENT');
  });

  it('ends a command, and what it started, at its deadline', async () => {
    const responder = await hook('sleep 60 & wait', 50);
    const error = await rejectionOf(responder.present(challenge, signal));
    expect(error.message).to.contain('deadline');
  });
});
