/** `/` of a mirror host, for who opens it in a browser: what this is, and how to set a client up. */
import { createHash } from 'node:crypto';
import { html, Html } from '../admin/html.ts';
import type { GateAccess, MirrorAccess } from '../clients/gate-access.ts';
import type { ClientTool } from '../clients/tools.ts';
import type { CaDocument } from '../edge/settings.ts';

/** The text that sets one tool up, as it is served at `/setup/TOOL`. */
export interface ToolText {
  readonly tool: ClientTool;
  readonly text: string;
}

const style = `
:root { color-scheme: light dark; background: Canvas; }
a { color: inherit; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: 0.2rem 1.5rem 0.2rem 0; }
pre { overflow: auto; padding: 0.5rem; border: 1px solid; }
code { overflow-wrap: anywhere; }
pre code { overflow-wrap: normal; }
`;

/** Nothing but its own style is loaded, nothing runs, and nobody may frame it. */
const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function landingPage(access: GateAccess, tools: readonly ToolText[]): CaDocument {
  const body = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Mirror of container registries</title>
        ${styleElement()}
      </head>
      <body>
        <main>
          <h1>Mirror of container registries</h1>
          <p>
            This host is a pull-through cache: it keeps what was pulled once, and answers pulls of
            it from here. Nothing can be pushed.
          </p>
          ${mirrorTable(access.mirrors)} ${trustPart(access)}
          <h2>Set a client up</h2>
          ${tools.map(toolPart)}
        </main>
      </body>
    </html>`;
  return {
    path: '/',
    contentType: 'text/html; charset=utf-8',
    contentSecurityPolicy,
    body: `${body.text}\n`,
    carriesRoots: false,
  };
}

/** Byte for byte what the hash was taken of. */
function styleElement(): Html {
  return new Html(`<style>${style}</style>`);
}

function mirrorTable(mirrors: readonly MirrorAccess[]): Html {
  return html`<table>
    <thead>
      <tr>
        <th scope="col">Registry</th>
        <th scope="col">Here</th>
      </tr>
    </thead>
    <tbody>
      ${mirrors.map(
        ({ registry, authority, kind }) =>
          html`<tr>
            <td>${registry}</td>
            <td><code>${authority}${kind === 'shared' && `/${registry}`}</code></td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function trustPart({ ca, caOrigin }: GateAccess): Html | undefined {
  if (ca === undefined) return undefined;
  const commands = `curl -fsSO ${caOrigin}/ca/install.sh\nsh install.sh ${ca.fingerprint}`;
  return html`<h2>Trust its CA</h2>
    <p>
      SHA-256 of the root: <code id="fingerprint">${ca.fingerprint}</code>. Compare it with what the
      operator of this mirror told you, then, as root:
    </p>
    <pre tabindex="0"><code>${commands}</code></pre>`;
}

function toolPart({ tool, text }: ToolText): Html {
  return html`<details>
    <summary>${tool}</summary>
    <p><a href="/setup/${tool}">/setup/${tool}</a></p>
    <pre tabindex="0"><code>${text}</code></pre>
  </details>`;
}
