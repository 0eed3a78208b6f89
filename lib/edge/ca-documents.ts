/** What anyone who is to trust the private CA may fetch, on every host, over http and https. */
import { entityTag, type Document } from './answers.ts';
import type { CaDocument, TrustDocuments } from './settings.ts';

export type ServedDocument = CaDocument & Document;

export class CaDocuments {
  readonly bundleVersion: number | undefined;
  readonly #byPath: ReadonlyMap<string, ServedDocument>;

  /** None before the supervisor told any. */
  constructor(trust: TrustDocuments | undefined) {
    this.bundleVersion = trust?.bundleVersion;
    this.#byPath = new Map(
      trust?.documents.map((document) => [
        document.path,
        { ...document, etag: entityTag(document.body) },
      ]),
    );
  }

  /** The one at `path` for who is to trust the private CA; undefined where there is none. */
  findTrust(path: string): ServedDocument | undefined {
    return path.startsWith('/ca/') ? this.#byPath.get(path) : undefined;
  }

  /** The one at `path` for who may use the mirrors; undefined where there is none. */
  findSetup(path: string): ServedDocument | undefined {
    return path.startsWith('/setup/') ? this.#byPath.get(path) : undefined;
  }
}
