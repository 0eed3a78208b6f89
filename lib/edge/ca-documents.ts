/** What anyone who is to trust the private CA may fetch, on every host, over http and https. */
import { entityTag, type Document } from './answers.ts';
import type { CaDocument, TrustDocuments } from './settings.ts';

export type ServedDocument = CaDocument & Document;

export class CaDocuments {
  readonly bundleVersion: number | undefined;
  readonly #byPath: ReadonlyMap<string, ServedDocument>;

  /** None where no host uses the private CA. */
  constructor(trust: TrustDocuments | undefined) {
    this.bundleVersion = trust?.bundleVersion;
    this.#byPath = new Map(
      trust?.documents.map((document) => [
        document.path,
        { ...document, etag: entityTag(document.body) },
      ]),
    );
  }

  /** The document at `path`, or undefined where there is none. */
  find(path: string): ServedDocument | undefined {
    return this.#byPath.get(path);
  }
}
