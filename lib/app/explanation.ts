/**
 * Answers "what happens when somebody pulls this image": which mirror and route, what is held, what
 * the upstream says, what it costs, and why a client would go past the mirror.
 */
import { gateAccess } from '../clients/gate-access.ts';
import { tryClientTool, type ClientTool } from '../clients/tools.ts';
import type { Configuration, Mirror } from '../config/configuration.ts';
import { MirrorgateError } from '../errors/mirrorgate-error.ts';
import { globMatcher } from '../oci/glob.ts';
import { tryImageName, type ImageName } from '../oci/image-name.ts';
import { referenceText } from '../oci/reference.ts';
import type { ExplainedStep, WorkerExplanation } from '../worker/explanation.ts';
import { bypassReasons } from './bypass.ts';
import { explainedImage } from './explained-image.ts';
import type { ExplainQuestion } from './messages.ts';

export interface Explanation {
  readonly image: string;
  readonly client: ClientTool | undefined;
  /** Undefined where no mirror stands for the registry. */
  readonly mirror: string | undefined;
  /** How clients name the image to get it through the mirror. */
  readonly routes: readonly string[];
  readonly steps: readonly ExplainedStep[];
  /** In sentences: what a pull gets and costs now. */
  readonly verdict: readonly string[];
  /** Why the client, or any client, would go past the mirror. */
  readonly bypasses: readonly string[];
  readonly held: { readonly parts: number; readonly known: number; readonly bytes: number };
  /** Pulls of the upstream's quota that a pull would cost now; undefined where nobody can say. */
  readonly quotaCost: number | undefined;
  /** Whether a pull through the mirror would work now. */
  readonly works: boolean;
}

export interface ExplainRequest {
  readonly image: string;
  readonly client: string | undefined;
}

export interface ExplainSources {
  readonly configuration: Configuration;
  readonly ask: (question: ExplainQuestion) => Promise<WorkerExplanation>;
}

/** @throws MirrorgateError `MIRRORGATE_EXPLAIN_ARGUMENT`; and as {@link explainedImage} */
export async function explain(
  { image, client: toolName }: ExplainRequest,
  { configuration, ask }: ExplainSources,
): Promise<Explanation> {
  const typed = tryImageName(image);
  if (typed === undefined) throw argumentError(`"${image.slice(0, 200)}" is not an image name`);
  const client = toolName === undefined ? undefined : tryClientTool(toolName);
  if (toolName !== undefined && client === undefined) {
    throw argumentError(`"${toolName.slice(0, 40)}" is not a tool that mirrorgate knows`);
  }
  const name = explainedImage(typed, configuration);
  const mirror = configuration.mirrors.find((candidate) => standsFor(candidate, name.registry));
  if (mirror === undefined) return withoutMirror(image, client, name);
  const routes = routesTo(configuration, mirror, name);
  const bypasses = bypassReasons({ configuration, mirror, name, client });
  const facts = { image, client, mirror: mirror.name, routes, bypasses };
  if (mirror.repositories !== undefined && !globMatcher(mirror.repositories)(name.repository)) {
    const { repository } = name;
    const verdict = [
      `mirrors.repositories of "${mirror.name}" does not permit ${repository}: 403 DENIED`,
    ];
    return { ...facts, ...nothingHeld, steps: [], verdict };
  }
  const { repository, reference } = name;
  const told = await ask({
    mirror: mirror.name,
    repository,
    reference,
    upstreamUrl: mirror.upstreams[0] ?? '',
  });
  return { ...facts, ...judge(told) };
}

const nothingHeld = {
  held: { parts: 0, known: 0, bytes: 0 },
  quotaCost: undefined,
  works: false,
} as const;

function standsFor({ registry, aliases }: Mirror, name: string): boolean {
  return registry === name || aliases.includes(name);
}

function withoutMirror(
  image: string,
  client: ClientTool | undefined,
  name: ImageName,
): Explanation {
  return {
    ...{ image, client },
    ...nothingHeld,
    mirror: undefined,
    routes: [],
    steps: [],
    verdict: [`no mirror is configured for ${name.registry}: clients go there themselves`],
    bypasses: [],
  };
}

function routesTo(configuration: Configuration, mirror: Mirror, name: ImageName): string[] {
  const { mirrors } = gateAccess(configuration, undefined);
  const access = mirrors.find((candidate) => candidate.name === mirror.name);
  if (access === undefined) return [];
  const separator = name.reference.kind === 'tag' ? ':' : '@';
  const path = `${name.repository}${separator}${referenceText(name.reference)}`;
  const prefix = access.kind === 'own' ? '' : `${mirror.registry}/`;
  return [`${access.authority}/${prefix}${path}`];
}

function judge({ steps, holdings, isFresh, upstream }: WorkerExplanation) {
  const { held: parts, known, heldBytes: bytes, hasManifest, digest, tag } = holdings;
  const facts = { steps, held: { parts, known, bytes } };
  const missing = known - parts;
  const rest =
    missing > 0 ? [`${missing} of its ${known} known parts would be fetched when asked for`] : [];
  if (isFresh) {
    const verdict = ['the manifest is answered from the cache, upstream not asked', ...rest];
    return { ...facts, verdict, quotaCost: 0, works: true };
  }
  if (upstream.kind === 'failed') {
    const reason =
      upstream.hint === undefined ? upstream.message : `${upstream.message}; ${upstream.hint}`;
    const stands = hasManifest && tag !== undefined;
    const verdict = stands
      ? [`the upstream failed (${reason})`, 'the tag as it was last known stands in, marked stale']
      : [`the pull fails: ${reason}`];
    return { ...facts, verdict, quotaCost: undefined, works: stands };
  }
  if (hasManifest && upstream.digest === digest) {
    const verdict = ['a HEAD confirms the tag, then the cache answers', ...rest];
    return { ...facts, verdict, quotaCost: 0, works: true };
  }
  const moved = hasManifest ? 'the tag has moved: ' : '';
  const verdict = [
    `${moved}the manifest is fetched once, for all who ask, and kept`,
    'an image for several platforms costs one more, for the platform that is asked for',
  ];
  return { ...facts, verdict, quotaCost: 1, works: true };
}

function argumentError(message: string): MirrorgateError {
  return new MirrorgateError('MIRRORGATE_EXPLAIN_ARGUMENT', message, {
    hint: 'write mirrorgate explain ghcr.io/acme/app:1.2 --client docker',
  });
}
