/** Why the gate lets an address in or not, for people: the line of the file that decides. */
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { addressText, tryPeerAddress } from '../net/address.ts';
import { isExpired, isInScope, type AllowEntry, type AllowList } from './allow-list.ts';
import { assertKnownName } from './known-names.ts';

export interface Question {
  /** As an operator writes it, or as a log shows it: a zone (`fe80::1%eth0`) is dropped. */
  readonly address: string;
  /** A mirror or service; undefined asks whether the address comes in at all. */
  readonly mirror: string | undefined;
  readonly knownNames: readonly string[];
  readonly now: Date;
}

export type Decision =
  | {
      readonly kind: 'allowed';
      /** Canonical. */
      readonly address: string;
      readonly entry: AllowEntry;
    }
  | {
      readonly kind: 'denied';
      readonly address: string;
      readonly reason: 'not-listed' | 'expired' | 'out-of-scope';
      /** The narrowest entry around the address that did not suffice. */
      readonly entry: AllowEntry | undefined;
    };

/**
 * What {@link AllowList.lookup} would say, and the narrowest entry that says it.
 * @throws MirrorgateError `MIRRORGATE_ACCESS_ARGUMENT` for what is no address or no mirror
 */
export function explainDecision(list: AllowList, question: Question): Decision {
  const { mirror, knownNames, now } = question;
  const bytes = tryPeerAddress(question.address);
  if (bytes === undefined) {
    throw new MirrorgateError(
      'MIRRORGATE_ACCESS_ARGUMENT',
      `"${question.address}" is not an IP address`,
      { hint: 'write one address without prefix: 203.0.113.7 or 2001:db8::7' },
    );
  }
  if (mirror !== undefined) assertKnownName(mirror, knownNames);
  const address = addressText(bytes);
  const around = list.around(bytes);
  const current = around.filter((entry) => !isExpired(entry, now));
  const deciding = current.find((entry) => mirror === undefined || isInScope(entry, mirror));
  if (deciding !== undefined) return { kind: 'allowed', address, entry: deciding };
  if (current.length > 0) {
    return { kind: 'denied', address, reason: 'out-of-scope', entry: current[0] };
  }
  const reason = around.length > 0 ? 'expired' : 'not-listed';
  return { kind: 'denied', address, reason, entry: around[0] };
}
