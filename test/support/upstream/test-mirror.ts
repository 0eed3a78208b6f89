/** A mirror's configuration and a silent logger, for tests of upstream clients. */
import type { Mirror } from '../../../lib/config/configuration.ts';
import type { UpstreamAccount } from '../../../lib/upstream/messages.ts';
import {
  tryRepositoryName,
  tryTag,
  type RepositoryName,
  type Tag,
} from '../../../lib/oci/names.ts';
import { tryReference, type Reference } from '../../../lib/oci/reference.ts';
import type { LogFields, Logger } from '../../../lib/telemetry/logger.ts';

/** A mirror of a fake registry on loopback, which `allowPrivateUpstream` permits. */
export function testMirror(
  upstream: string,
  changes: Partial<Mirror> = {},
): Mirror & UpstreamAccount {
  return {
    name: 'test',
    registry: 'registry.test',
    aliases: [],
    upstream,
    upstreams: [upstream],
    hosts: [],
    ports: [],
    credentials: undefined,
    prefersAnonymous: false,
    reserve: 0,
    parallel: undefined,
    prefersIPv4: false,
    pins: [],
    repositories: undefined,
    tags: { ttlMs: 60_000, staleIfErrorMs: 7 * 24 * 3600_000, immutable: [] },
    upstreamTrust: undefined,
    tokenHosts: [],
    allowPrivateUpstream: true,
    ...changes,
  };
}

/** Keeps what is logged, as text, for tests that look for secrets in it. */
export class MemoryLogger implements Logger {
  readonly lines: string[] = [];

  error(event: string, fields?: LogFields): void {
    this.#keep('error', event, fields);
  }
  warn(event: string, fields?: LogFields): void {
    this.#keep('warn', event, fields);
  }
  info(event: string, fields?: LogFields): void {
    this.#keep('info', event, fields);
  }
  debug(event: string, fields?: LogFields): void {
    this.#keep('debug', event, fields);
  }

  #keep(level: string, event: string, fields: LogFields | undefined): void {
    this.lines.push(`${level} ${event} ${JSON.stringify(fields ?? {})}`);
  }
}

export function repositoryName(text: string): RepositoryName {
  const name = tryRepositoryName(text);
  if (name === undefined) throw new TypeError(`"${text}" is no repository`);
  return name;
}

/** A tag or a digest. */
export function reference(text: string): Reference {
  const found = tryReference(text);
  if (found === undefined || (found.kind === 'tag' && tryTag(text) === undefined)) {
    throw new TypeError(`"${text}" is no reference`);
  }
  return found;
}

export function tagName(text: string): Tag {
  const tag = tryTag(text);
  if (tag === undefined) throw new TypeError(`"${text}" is no tag`);
  return tag;
}
