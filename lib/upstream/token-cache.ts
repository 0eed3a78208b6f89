/** Tokens in memory: one request for any herd, and none while a token lasts. */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../time/clock.ts';
import type { Token } from './token-source.ts';

/** What a token is good for; nothing that differs in any of these may share one. */
export interface TokenKey {
  readonly realm: string;
  readonly service: string | undefined;
  readonly scope: string;
  /** The account that it was issued to; undefined for anonymous ones. */
  readonly username: string | undefined;
}

export interface CachedToken {
  readonly text: string;
  /** Issued since this call began: a server that rejects it will reject the next one too. */
  readonly isFresh: boolean;
}

/** Clients choose repository names, so their number must not choose our memory. */
const maxTokens = 1024;

export class TokenCache {
  readonly #clock: Clock;
  readonly #tokens = new LRUCache<string, Token>({ max: maxTokens });
  readonly #pending = new Map<string, Promise<Token>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The token for `key`; `request` is called unless one lasts or is being asked for. */
  async get(key: TokenKey, request: () => Promise<Token>): Promise<CachedToken> {
    const id = idOf(key);
    const held = this.#tokens.get(id);
    if (held !== undefined && held.renewAt > this.#clock.now()) {
      return { text: held.text, isFresh: false };
    }
    const { text } = await (this.#pending.get(id) ?? this.#begin(id, request));
    return { text, isFresh: true };
  }

  /** Forgets the token that was rejected, but not one that has replaced it. */
  drop(key: TokenKey, rejected: string): void {
    const id = idOf(key);
    if (this.#tokens.peek(id)?.text === rejected) this.#tokens.delete(id);
  }

  #begin(id: string, request: () => Promise<Token>): Promise<Token> {
    const pending = request().then((token) => {
      this.#tokens.set(id, token);
      return token;
    });
    this.#pending.set(id, pending);
    const end = (): void => void this.#pending.delete(id);
    pending.then(end, end);
    return pending;
  }
}

function idOf({ realm, service, scope, username }: TokenKey): string {
  return JSON.stringify([realm, service, scope, username]);
}
