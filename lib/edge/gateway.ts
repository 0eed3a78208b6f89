/**
 * What happens to a request: admission, host, route, and the hand-over to a worker, a service or
 * a document. Every refusal on the way is an answer with its reason and a line in the access log.
 */
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { assertNever } from '../errors/assert-never.ts';
import { errorMessage, MirrorgateError } from '../errors/mirrorgate-error.ts';
import { errorResponse } from '../oci/error-responses.ts';
import { errorFields, type Logger } from '../telemetry/logger.ts';
import type { Allowance } from './allowance.ts';
import type { AnswerMemory } from './answer-memory.ts';
import { emptyRecord, logAccess, watchExchange, type AccessRecord } from './access-record.ts';
import {
  judgeHeaders,
  judgePull,
  judgeUpgrade,
  pathOf,
  type MessageLimits,
  type Target,
} from './admission.ts';
import { sendDocument, sendError, sendPing, sendRedirect } from './answers.ts';
import type { CaDocuments } from './ca-documents.ts';
import { endConnection, statusText } from './client-errors.ts';
import type { Connections } from './connections.ts';
import type { PacedResponse } from './paced-response.ts';
import type { Peer } from './peer.ts';
import { assertAdmitted, assertPermitted, assertSameName } from './rights.ts';
import type { RequestContext, RequestHandler } from './https-listener.ts';
import type { FinishedExchange } from './observer.ts';
import { answerPull, pullReference } from './pull.ts';
import { Router, type HostRoute } from './router.ts';
import type { ServiceProxy } from './service-proxy.ts';
import type { EdgeSettings } from './settings.ts';
import type { TrustWatch } from './trust-watch.ts';
import type { WorkerLink } from './worker-link.ts';

export interface GatewayOptions {
  readonly logger: Logger;
  readonly limits: MessageLimits;
  readonly services: ServiceProxy;
  readonly allowance: Allowance;
  readonly trust: TrustWatch;
  readonly memory: AnswerMemory;
  readonly connections: Pick<Connections, 'requesterOf'>;
  /** Told of the connection of every request, to watch how the client takes what it is sent. */
  readonly onRequest: (socket: Socket) => void;
  /** Told of every answer that has ended. */
  readonly onFinished?: (exchange: FinishedExchange) => void;
}

/** What may change while requests run; each request uses what was in force when it came. */
export interface GatewayState {
  readonly settings: EdgeSettings;
  readonly router: Router;
  readonly workers: readonly WorkerLink[];
  readonly caDocuments: CaDocuments;
  /** Where plain http sends its clients. */
  readonly httpsPort: number;
}

/** Undefined where it is answered at once: a warm manifest needs no promise. */
type Answering = Promise<void> | undefined;

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly record: AccessRecord;
  readonly peer: Peer;
  readonly refusal: MirrorgateError | undefined;
  readonly state: GatewayState;
}

export class Gateway implements RequestHandler {
  readonly #options: GatewayOptions;
  readonly #state: () => GatewayState;

  constructor(options: GatewayOptions, state: () => GatewayState) {
    this.#options = options;
    this.#state = state;
  }

  request(request: IncomingMessage, response: PacedResponse, context: RequestContext): void {
    const exchange = this.#begin(request, response, context.peer);
    response.paceBy(exchange.peer.passage.pace);
    void this.#finish(exchange, () => this.#answer(exchange, this.#routeHost(exchange, context)));
  }

  /** Plain http: the CA bundle, else a redirect to https of the same host. */
  plain(request: IncomingMessage, response: ServerResponse, connection: Peer): void {
    const exchange = this.#begin(request, response, connection);
    void this.#finish(exchange, () => {
      const host = judgeHeaders(request, this.#options.limits);
      exchange.record.host = host;
      const target = judgePull(request, this.#options.limits);
      if (this.#sendCaDocument(exchange, target.path)) return;
      assertAdmitted(exchange.peer);
      exchange.state.router.routeHost(undefined, host);
      sendRedirect(request, response, { host, port: exchange.state.httpsPort, target });
    });
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, context: RequestContext): void {
    void this.#upgrade(request, { socket, head }, context);
  }

  #begin(request: IncomingMessage, response: ServerResponse, connection: Peer): Exchange {
    const state = this.#state();
    const { peer, refusal } = this.#options.connections.requesterOf(connection, request, response);
    const record = emptyRecord();
    record.client = peer.address;
    record.label = peer.admission?.label;
    const { logger, onFinished } = this.#options;
    watchExchange(request, response, record, (exchange) => {
      if (state.settings.logsAccess) logAccess(logger, request, record, exchange);
      onFinished?.(exchange);
    });
    response.on('error', () => response.destroy());
    // A stranger is told why, or given the bundle, and is gone.
    if (peer === connection && peer.admission === undefined) response.shouldKeepAlive = false;
    this.#options.onRequest(request.socket);
    return { request, response, record, peer, refusal, state };
  }

  async #finish(exchange: Exchange, work: () => Answering): Promise<void> {
    const { response, record, refusal } = exchange;
    try {
      if (refusal !== undefined) throw refusal;
      const answering = work();
      if (answering !== undefined) await answering;
    } catch (error) {
      record.error = errorMessage(error);
      if (!(error instanceof MirrorgateError)) {
        this.#options.logger.error('request failed', errorFields(error));
      }
      if (response.headersSent) response.destroy();
      else sendError(response, error);
    }
  }

  #routeHost(exchange: Exchange, context: RequestContext): HostRoute {
    const host = judgeHeaders(exchange.request, this.#options.limits);
    exchange.record.host = host;
    assertSameName(context.serverName, host);
    return exchange.state.router.routeHost(context.mirror, host);
  }

  #answer(exchange: Exchange, route: HostRoute): Answering {
    const { request, response, record, peer } = exchange;
    const path = pathOf(request.url ?? '');
    if (isRead(request) && this.#sendCaDocument(exchange, path)) return;
    assertAdmitted(peer);
    if (route.kind === 'service') {
      record.mirror = route.service.name;
      record.kind = 'service';
      assertPermitted(peer, route.service.name);
      this.#options.allowance.assertOpen(peer.client);
      peer.passage.meter.attribute({ mirror: route.service.name, repository: undefined });
      return this.#options.services.forward({ service: route.service, peer, request, response });
    }
    return this.#answerRegistry(exchange, route, judgePull(request, this.#options.limits));
  }

  #sendCaDocument(exchange: Exchange, path: string): boolean {
    const { record, peer, state } = exchange;
    if (peer.admission === undefined && state.settings.caAccess !== 'public') return false;
    if (!state.caDocuments.answer(path, exchange, this.#options.trust)) return false;
    record.kind = 'ca';
    return true;
  }

  #answerRegistry(exchange: Exchange, route: HostRoute, target: Target): Answering {
    const { response, record, peer, state } = exchange;
    const { allowance, memory, logger } = this.#options;
    const setup = state.caDocuments.findSetup(target.path);
    if (setup !== undefined) {
      // People look at the page in the root; who fetches a text below it sets a client up.
      if (target.path !== '/') record.kind = 'setup';
      sendDocument(exchange.request, response, setup);
      return;
    }
    if (target.path !== '/v2' && !target.path.startsWith('/v2/')) {
      throw new MirrorgateError('MIRRORGATE_REQUEST_UNSUPPORTED', 'a mirror answers under /v2/');
    }
    const registry = state.router.routeRegistry(route, target);
    switch (registry.kind) {
      case 'ping':
        record.kind = 'ping';
        sendPing(response, registry.namespace);
        return;
      case 'pull':
        record.mirror = registry.mirror.name;
        record.kind = registry.pull.kind;
        record.repository = registry.pull.repository;
        record.reference = pullReference(registry.pull);
        assertPermitted(peer, registry.mirror.name);
        return answerPull(
          {
            request: exchange.request,
            response,
            record,
            peer,
            workers: state.workers,
            allowance,
            memory,
            logger,
          },
          registry,
          target,
        );
      default:
        assertNever(registry);
    }
  }

  async #upgrade(
    request: IncomingMessage,
    connection: { readonly socket: Duplex; readonly head: Buffer },
    context: RequestContext,
  ): Promise<void> {
    const { logger, services, limits } = this.#options;
    const { socket } = connection;
    const { peer, refusal } = this.#options.connections.requesterOf(context.peer, request, socket);
    try {
      if (refusal !== undefined) throw refusal;
      const host = judgeHeaders(request, limits);
      assertSameName(context.serverName, host);
      const route = this.#state().router.routeHost(context.mirror, host);
      if (route.kind !== 'service') {
        throw new MirrorgateError('MIRRORGATE_REQUEST_BODY', 'a mirror upgrades to nothing');
      }
      const { service } = route;
      assertPermitted(peer, service.name);
      this.#options.allowance.assertOpen(peer.client);
      peer.passage.meter.attribute({ mirror: service.name, repository: undefined });
      judgeUpgrade(request);
      logger.info('upgrade', { client: peer.address, host, mirror: service.name });
      await services.upgrade({ service, peer, request, ...connection });
    } catch (error) {
      const { status } = errorResponse(error);
      logger.info('upgrade refused', { client: peer.address, status, ...errorFields(error) });
      endConnection(socket, statusText(`${status} ${STATUS_CODES[status] ?? ''}`));
    }
  }
}

function isRead({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD';
}
