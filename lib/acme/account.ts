/**
 * The account at a CA: one key, registered once (RFC 8555 §7.3). The key is on disk before the CA
 * hears of it, so that a crash in between leads to the same account again.
 */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { AccountRecord } from './account-record.ts';
import type { AcmeCa } from './acme-ca.ts';
import type { AcmeServer, AcmeSession } from './acme-server.ts';
import type { AcmeState } from './acme-state.ts';
import { makePrivateKey, privateKeyText } from './certificate-request.ts';

export interface AccountContext {
  readonly ca: AcmeCa;
  readonly server: AcmeServer;
  readonly state: AcmeState;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * A session as the account holder, who is registered first where need be.
 * @throws MirrorgateError `MIRRORGATE_ACME_TERMS`, `MIRRORGATE_ACME_EXTERNAL_ACCOUNT`,
 *   and as {@link AcmeServer} and {@link AcmeState}
 */
export async function openAccount(context: AccountContext): Promise<AcmeSession> {
  const { ca, server, state, logger, signal } = context;
  await assertEligible(ca, server, signal);
  return await state.registering(ca.directory, signal, async () => {
    const known = (await state.account(ca.directory)) ?? (await createAccount(context));
    const session = await server.open({ url: undefined, ...known }, signal);
    if (known.url !== undefined && known.email === ca.email) return session;
    const { email, externalAccount } = ca;
    const url = await session.register({ email, externalAccount });
    await state.saveAccount({ ...known, url, email });
    logger.info('ACME account registered', { directory: ca.directory, account: url });
    return session;
  });
}

/** The CA does not know its account any more; the key is registered again at the next opening. */
export async function forgetAccountUrl({ ca, state, signal }: AccountContext): Promise<void> {
  await state.registering(ca.directory, signal, async () => {
    const known = await state.account(ca.directory);
    if (known?.url === undefined) return;
    await state.saveAccount({ ...known, url: undefined });
  });
}

async function createAccount({ ca, state }: AccountContext): Promise<AccountRecord> {
  const account: AccountRecord = {
    version: 1,
    directory: ca.directory,
    privateKeyPem: privateKeyText(await makePrivateKey('p256')),
  };
  await state.saveAccount(account);
  return account;
}

async function assertEligible(ca: AcmeCa, server: AcmeServer, signal: AbortSignal): Promise<void> {
  const { termsOfService, needsExternalAccount } = await server.directory(signal);
  if (termsOfService !== undefined && !ca.agreesToTerms) {
    throw new MirrorgateError(
      'MIRRORGATE_ACME_TERMS',
      `${ca.directory} issues only to those who agree to its terms of service: ${termsOfService}`,
      { hint: 'read them, then set agreeToTerms: true for this CA' },
    );
  }
  if (needsExternalAccount && ca.externalAccount === undefined) {
    throw new MirrorgateError(
      'MIRRORGATE_ACME_EXTERNAL_ACCOUNT',
      `${ca.directory} issues only to accounts that its customers have opened before`,
      {
        hint: 'take a key identifier and HMAC key from the CA and set externalAccount: {keyId, key}',
      },
    );
  }
}
