/** All documents that an edge serves: those of the CA, and those that set clients up. */
import { bundlePem, type Bundle } from '../ca/bundle.ts';
import { gateAccess, type GateAccess } from '../clients/gate-access.ts';
import { installScript } from '../clients/install-script.ts';
import { clientTools, tryClientText } from '../clients/tools.ts';
import type { Configuration } from '../config/configuration.ts';
import type { CaDocument, TrustDocuments } from '../edge/settings.ts';
import { landingPage } from './landing-page.ts';
import { trustDocuments } from './trust-documents.ts';

/** `bundle` is undefined where no host uses the private CA. */
export function servedDocuments(
  configuration: Configuration,
  bundle: Bundle | undefined,
): TrustDocuments {
  if (bundle === undefined) {
    const documents = setupDocuments(gateAccess(configuration, undefined));
    return { bundleVersion: undefined, fingerprint: undefined, documents };
  }
  const trust = trustDocuments(bundle);
  const ca = { fingerprint: trust.fingerprint, bundlePem: bundlePem(bundle) };
  const access = gateAccess(configuration, ca);
  const script = textDocument('/ca/install.sh', installScript(access));
  return { ...trust, documents: [...trust.documents, script, ...setupDocuments(access)] };
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
