/**
 * What anyone who is to trust the private CA may fetch, on every host, over http and https; and what
 * sets clients up, for who may use the mirrors.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { entityTag, sendDocument, type Document } from './answers.ts';
import type { Peer } from './peer.ts';
import type { CaDocument, TrustDocuments } from './settings.ts';
import type { TrustWatch } from './trust-watch.ts';

type ServedDocument = CaDocument & Document;

export interface DocumentExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly peer: Peer;
}

export class CaDocuments {
  readonly #bundleVersion: number;
  readonly #byPath: ReadonlyMap<string, ServedDocument>;

  /** None before the supervisor told any. */
  constructor(trust: TrustDocuments | undefined) {
    this.#bundleVersion = trust?.bundleVersion ?? 0;
    this.#byPath = new Map(
      trust?.documents.map((document) => [
        document.path,
        { ...document, etag: entityTag(document.body) },
      ]),
    );
  }

  /** The one at `path` for who may use the mirrors; undefined where there is none. */
  findSetup(path: string): ServedDocument | undefined {
    return path === '/' || path.startsWith('/setup/') ? this.#byPath.get(path) : undefined;
  }

  /** Answers with what is at `path` for who is to trust the private CA; false where there is none. */
  answer(path: string, { request, response, peer }: DocumentExchange, trust: TrustWatch): boolean {
    const document = path.startsWith('/ca/') ? this.#byPath.get(path) : undefined;
    if (document === undefined) return false;
    if (document.carriesRoots && request.method === 'GET') {
      response.once('finish', () => trust.fetched(peer, this.#bundleVersion));
    }
    sendDocument(request, response, document);
    return true;
  }
}
