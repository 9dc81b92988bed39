import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { internalError } from '../../machinery/status-errors.ts';
import type { HttpRequest, HttpResponse, UpgradeResponse } from '../../wire/http.ts';
import type { HttpConnection, HttpHandler } from '../../wire/http-handler.ts';
import type { Authentication } from '../authn/authentication.ts';
import type { Impersonation } from '../authn/impersonation.ts';
import { withWebSocketToken } from '../authn/websocket-token.ts';
import { requireAuthorized } from '../authz/require-authorized.ts';
import type { ServedResources } from '../registry/served-resources.ts';
import type { Authorizer, RequestInfo, UserInfo } from '../request.ts';
import { valueFormat } from './formats.ts';
import { HttpCall, type HttpResourceCall } from './http-call.ts';
import { negotiateValue, wantsPretty } from './negotiate.ts';
import type { PathRouter } from './path-router.ts';
import { type ParsedRequest, parseRequest } from './request-info.ts';
import type { RequestMetrics } from './request-metrics.ts';
import type { ResourceHandler } from './resource-handler.ts';
import { compressed, errorResponse, warningHeader } from './respond.ts';
import { prettyFormat } from './text-formats.ts';
import type { ValueFormat } from './value-format.ts';
import { bytesOverWebSocket, watchOverWebSocket } from './websocket-stream.ts';

export interface HttpFrontOptions {
  readonly environment: Environment;
  readonly logger: Logger;
  readonly authentication: Authentication;
  readonly authorizer: Authorizer;
  readonly impersonation: Impersonation;
  readonly resources: ServedResources;
  readonly resourceHandler: ResourceHandler;
  readonly paths: PathRouter;
  readonly metrics: RequestMetrics;
}

const notFoundText = new TextEncoder().encode('404 page not found\n');

/** Takes requests as values and answers them: who asks, what for, and what becomes of errors. */
export class HttpFront implements HttpHandler {
  readonly #options: HttpFrontOptions;

  constructor(options: HttpFrontOptions) {
    this.#options = options;
  }

  /** A request that came over a connection: its credentials say who asks. Never throws. */
  fetch(request: HttpRequest, connection: HttpConnection): Promise<HttpResponse> {
    return this.#answer(request, this.#overConnection(connection));
  }

  /** A request of a component in this process, which has no need of credentials. Never throws. */
  fetchAs(user: UserInfo, request: HttpRequest): Promise<HttpResponse> {
    return this.#answer(request, known(user));
  }

  upgrade(request: HttpRequest, connection: HttpConnection): Promise<UpgradeResponse> {
    return this.#upgrade(request, this.#overConnection(connection));
  }

  upgradeAs(user: UserInfo, request: HttpRequest): Promise<UpgradeResponse> {
    return this.#upgrade(request, known(user));
  }

  async #answer(request: HttpRequest, caller: Caller): Promise<HttpResponse> {
    const { metrics } = this.#options;
    const startedMs = metrics.start();
    const exchange: Exchange = { request, parsed: undefined, call: undefined };
    let response: HttpResponse;
    try {
      response = await this.#dispatch(exchange, caller);
    } catch (error) {
      response = this.#failure(exchange, error);
    }
    const { call } = exchange;
    const served = call?.info.isResource === true && this.#options.resources.find(call.info) !== undefined;
    const info = served ? call.info : undefined;
    metrics.finish(info, call?.query.has('dryRun') === true, response.status, startedMs);
    return this.#finished(exchange, response);
  }

  async #dispatch(exchange: Exchange, caller: Caller): Promise<HttpResponse> {
    const call = await this.#begin(exchange, caller);
    if (isResourceCall(call)) {
      this.#checkGroup(call);
      return this.#options.resourceHandler.handle(call);
    }
    requireAuthorized(this.#options.authorizer, call.user, call.info);
    return (await this.#options.paths.fetch(call, this.#format(exchange))) ?? noSuchPath();
  }

  async #begin(exchange: Exchange, caller: Caller): Promise<HttpCall> {
    const { request } = exchange;
    exchange.parsed = parseRequest(request.method, request.path);
    const user = await caller.identify(exchange.parsed, request);
    exchange.call = new HttpCall(request, exchange.parsed, user, caller.remoteAddress);
    return exchange.call;
  }

  async #upgrade(given: HttpRequest, caller: Caller): Promise<UpgradeResponse> {
    let exchange: Exchange = { request: given, parsed: undefined, call: undefined };
    try {
      const request = withWebSocketToken(given);
      exchange = { ...exchange, request };
      const call = await this.#begin(exchange, caller);
      if (!isResourceCall(call) || this.#options.resourceHandler.streams(call) === undefined) {
        const answer = await this.#answer(request, known(call.user));
        return call.info.verb === 'watch' ? watchOverWebSocket(request, answer) : answer;
      }
      const handler = await this.#options.resourceHandler.openStream(call);
      if (handler.upgrade === undefined) return bytesOverWebSocket(request, await handler.fetch(call, call.rest));
      return await handler.upgrade(call, call.rest, request);
    } catch (error) {
      return this.#finished(exchange, this.#failure(exchange, error));
    }
  }

  #overConnection(connection: HttpConnection): Caller {
    return {
      remoteAddress: connection.remoteAddress,
      identify: (parsed, request) => this.#user(request, connection, parsed.info),
    };
  }

  async #user(request: HttpRequest, connection: HttpConnection, info: RequestInfo): Promise<UserInfo> {
    const { authentication, impersonation } = this.#options;
    const { certificate, certificateError } = connection;
    const user = await authentication.authenticate({ http: request, certificate, certificateError });
    return impersonation.actAs(user, info, request.headers);
  }

  /** A group that is not served at all is a path that does not exist; that is told to those only who may know. */
  #checkGroup({ user, info }: HttpResourceCall): void {
    if (info.group === '' || this.#options.resources.servesGroup(info.group)) return;
    requireAuthorized(this.#options.authorizer, user, info);
    throw new UnknownPathError();
  }

  /** What the client is told of an error. One that is no StatusError is our own fault and is logged. */
  #failure(exchange: Exchange, error: unknown): HttpResponse {
    if (error instanceof UnknownPathError) return noSuchPath();
    if (error instanceof StatusError) return errorResponse(error, this.#format(exchange));
    const { request } = exchange;
    if (request.signal?.aborted !== true)
      this.#options.logger.error('a request failed unexpectedly', {
        err: error,
        method: request.method,
        path: request.path,
      });
    return errorResponse(internalError(error), this.#format(exchange));
  }

  /** How values that are no stored objects are written. What was asked for may be what cannot be had: then it is JSON for people. */
  #format({ request, parsed }: Exchange): ValueFormat {
    const pretty = wantsPretty(parsed?.query ?? noQuery, request.headers['user-agent'] ?? '');
    const representation = negotiateValue(request.headers['accept'] ?? '', pretty);
    return representation === undefined ? prettyFormat : valueFormat(representation);
  }

  #finished({ request, parsed, call }: Exchange, response: HttpResponse): HttpResponse {
    const warning = call === undefined ? '' : warningHeader(call.warnings);
    const headers = {
      'audit-id': request.headers['audit-id'] || this.#options.environment.id(),
      'cache-control': 'no-cache, private',
      ...(warning !== '' && { warning }),
      ...response.headers,
    };
    const verb = parsed?.info.verb;
    const whole = { status: response.status, headers, body: response.body };
    if (request.method === 'HEAD') return { status: response.status, headers };
    // What streams and is no list is passed on as it comes: a log that is followed must not wait in a compressor for more.
    const worthwhile = verb === 'list' || (verb === 'get' && response.body instanceof Uint8Array);
    if (worthwhile) return compressed(whole, request.headers['accept-encoding'] ?? '');
    if (verb !== 'watch' || call === undefined || response.body === undefined || response.body instanceof Uint8Array)
      return whole;
    return { ...whole, body: this.#options.metrics.longRunning(call.info, response.body) };
  }
}

/** Who may be asking, and from where. */
interface Caller {
  readonly remoteAddress: string;
  identify(parsed: ParsedRequest, request: HttpRequest): Promise<UserInfo>;
}

/** Somebody in this process. */
function known(user: UserInfo): Caller {
  return { remoteAddress: '', identify: async () => user };
}

/** What is known of a request so far, for the answer to one that failed half-way. */
interface Exchange {
  readonly request: HttpRequest;
  parsed: ParsedRequest | undefined;
  call: HttpCall | undefined;
}

class UnknownPathError extends Error {}

const noQuery = new URLSearchParams();

function isResourceCall(call: HttpCall): call is HttpResourceCall {
  return call.info.isResource;
}

function noSuchPath(): HttpResponse {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };
  return { status: 404, headers, body: notFoundText };
}
