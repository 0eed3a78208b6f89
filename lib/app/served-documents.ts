/** All documents that an edge serves: those of the CA, and those that set clients up. */
import { bundlePem, type Bundle } from '../ca/bundle.ts';
import { gateAccess, type GateAccess } from '../clients/gate-access.ts';
import { installScript } from '../clients/install-script.ts';
import { clientTools, tryClientText } from '../clients/tools.ts';
import type { Configuration } from '../config/configuration.ts';
import type { CaDocument, TrustDocuments } from '../edge/settings.ts';
import { landingPage } from './landing-page.ts';
import { trustDocuments } from './trust-documents.ts';

/** `bundle` is undefined where nothing uses the private CA. */
export function servedDocuments(
  configuration: Configuration,
  bundle: Bundle | undefined,
): TrustDocuments {
  const asksClients = configuration.clientCertificates !== undefined;
  const clientRoots = asksClients && bundle !== undefined ? rootsOf(bundle) : [];
  // A CA that signs for clients alone is nothing that clients are to trust.
  if (bundle === undefined || !configuration.sites.some(isPrivate)) {
    const documents = setupDocuments(gateAccess(configuration, undefined));
    return { bundleVersion: undefined, fingerprint: undefined, documents, clientRoots };
  }
  const trust = trustDocuments(bundle);
  const ca = { fingerprint: trust.fingerprint, bundlePem: bundlePem(bundle) };
  const access = gateAccess(configuration, ca);
  const script = textDocument('/ca/install.sh', installScript(access));
  return {
    ...trust,
    clientRoots,
    documents: [...trust.documents, script, ...setupDocuments(access)],
  };
}

function isPrivate({ issuer }: Configuration['sites'][number]): boolean {
  return issuer === 'private-ca';
}

function rootsOf({ roots }: Bundle): string[] {
  return roots.map(({ certificate }) => certificate.toString());
}

/** What `mirrorgate client` prints; none for a tool that the gate has nothing for. */
function setupDocuments(access: GateAccess): CaDocument[] {
  const tools = clientTools.flatMap((tool) => {
    const text = tryClientText(tool, access);
    return text === undefined ? [] : [{ tool, text }];
  });
  const texts = tools.map(({ tool, text }) => textDocument(`/setup/${tool}`, text));
  return [landingPage(access, tools), ...texts];
}

function textDocument(path: string, body: string): CaDocument {
  return { path, contentType: 'text/plain; charset=utf-8', body, carriesRoots: false };
}
