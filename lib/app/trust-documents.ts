/** The table of what is served under `/ca/`: a line for each document. */
import { bundleFingerprint, bundleJson, bundlePem, type Bundle } from '../ca/bundle.ts';
import { trustStore } from '../ca/trust-store.ts';
import type { CaDocument, TrustDocuments } from '../edge/settings.ts';

/** Of a gate that has a private CA. */
export type CaTrustDocuments = Omit<TrustDocuments, 'clientRoots'> & {
  readonly fingerprint: string;
};

const text = 'text/plain; charset=utf-8';

export function trustDocuments(bundle: Bundle): CaTrustDocuments {
  const fingerprint = bundleFingerprint(bundle);
  return {
    bundleVersion: bundle.version,
    fingerprint,
    documents: [
      roots('/ca/bundle.pem', 'application/x-pem-file', bundlePem(bundle)),
      roots('/ca/bundle.json', 'application/json', bundleJson(bundle)),
      roots('/ca/bundle.p12', 'application/x-pkcs12', trustStore(bundle)),
      other('/ca/fingerprint', text, `${fingerprint}\n`),
    ],
  };
}

function roots(path: string, contentType: string, body: CaDocument['body']): CaDocument {
  return { path, contentType, body, carriesRoots: true };
}

/** Of which nobody learns a root. */
function other(path: string, contentType: string, body: CaDocument['body']): CaDocument {
  return { path, contentType, body, carriesRoots: false };
}
