/** A real CA: what it tells anybody, and sessions for account holders. */
import type { Clock } from '../time/clock.ts';
import type { AcmeServer, Directory, RenewalInfo } from './acme-server.ts';
import { caExchange, caHost, type CaExchange } from './exchange.ts';
import { directoryDocument, parseAnswer, renewalInfoDocument, unexpectedAnswer } from './wire.ts';

export interface CaServerOptions {
  readonly directoryUrl: string;
  /** PEM of roots to trust for this CA alone, beside the default ones. */
  readonly rootsPem: string | undefined;
  readonly clock: Clock;
}

interface KnownDirectory {
  readonly facts: Directory;
  readonly renewalInfoUrl: string | undefined;
  readonly readAt: Date;
}

/** A directory changes about never, but a gate runs for months. */
const directoryLifetimeMs = 3_600_000;

export function caServer({ directoryUrl, rootsPem, clock }: CaServerOptions): AcmeServer {
  const exchange = caExchange({ rootsPem, clock });
  const host = caHost(directoryUrl);
  let known: KnownDirectory | undefined;

  const directory = async (signal: AbortSignal): Promise<KnownDirectory> => {
    const age = known === undefined ? Infinity : clock.now().getTime() - known.readAt.getTime();
    // A clock that was set back makes the age negative.
    if (known !== undefined && age >= 0 && age < directoryLifetimeMs) return known;
    known = await readDirectory(exchange, { directoryUrl, clock, signal });
    return known;
  };

  return {
    async directory(signal) {
      return (await directory(signal)).facts;
    },

    async renewalInfo(certificateId, signal): Promise<RenewalInfo> {
      const { renewalInfoUrl } = await directory(signal);
      if (renewalInfoUrl === undefined) throw unexpectedAnswer(`${host} has no renewalInfo`);
      const url = `${renewalInfoUrl.replace(/\/$/, '')}/${certificateId}`;
      const { data, retryAt } = await exchange({ method: 'GET', url, signal });
      const what = { host, what: 'renewal information' };
      const { suggestedWindow, explanationURL } = parseAnswer(renewalInfoDocument, data, what);
      return { ...suggestedWindow, explanationUrl: explanationURL, retryAt };
    },

    async open(account, signal) {
      // Here and not above: it costs 40 MB, which only a gate that orders certificates shall pay.
      const { openCaSession } = await import('./ca-session.ts');
      return openCaSession({ directoryUrl, exchange, account, signal });
    },
  };
}

async function readDirectory(
  exchange: CaExchange,
  options: {
    readonly directoryUrl: string;
    readonly clock: Clock;
    readonly signal: AbortSignal;
  },
): Promise<KnownDirectory> {
  const { directoryUrl: url, clock, signal } = options;
  const { data, headers } = await exchange({ method: 'GET', url, signal });
  const now = clock.now();
  const document = parseAnswer(directoryDocument, data, { host: caHost(url), what: 'directory' });
  const { meta, renewalInfo } = document;
  const date = Date.parse(headers['date'] ?? '');
  return {
    renewalInfoUrl: renewalInfo,
    readAt: now,
    facts: {
      termsOfService: meta.termsOfService,
      needsExternalAccount: meta.externalAccountRequired,
      profiles: meta.profiles,
      hasRenewalInfo: renewalInfo !== undefined,
      clockSkewMs: Number.isNaN(date) ? undefined : date - now.getTime(),
    },
  };
}
