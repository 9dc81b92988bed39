import { isReason } from '../../machinery/status-error.ts';
import { resourceNotServed } from '../../machinery/status-errors.ts';
import type { ResourceDefinition } from '../../resources/definition.ts';
import type { HttpResponse } from '../../wire/http.ts';
import { isMessageKind } from '../protobuf/stored-messages.ts';
import type { Cancellable } from '../registry/call.ts';
import type { ConnectHandler } from '../registry/extension-points.ts';
import type { Extensions } from '../registry/extensions.ts';
import type { ResourceServer } from '../registry/resource-server.ts';
import type { RequestGate } from '../request-gate.ts';
import { watchFormat } from './formats.ts';
import type { HttpResourceCall } from './http-call.ts';
import { negotiate, type Representation, wantsPretty } from './negotiate.ts';
import { watchShape } from './object-shape.ts';
import { requestTimeoutMs, watchSettings } from './request-options.ts';
import { ResourceRequest } from './resource-request.ts';
import { checkRoute } from './route.ts';
import { watchBody } from './watch-body.ts';

/** Answers requests about resources: from the verb to the bytes. */
export class ResourceHandler {
  readonly #gate: RequestGate;
  readonly #resources: ResourceServer;
  readonly #extensions: Extensions;

  constructor(gate: RequestGate, resources: ResourceServer, extensions: Extensions) {
    this.#gate = gate;
    this.#resources = resources;
    this.#extensions = extensions;
  }

  /** The caller is known; whether it may do this is checked here. Throws `StatusError`. */
  async handle(call: HttpResourceCall): Promise<HttpResponse> {
    const connect = this.streams(call);
    if (connect !== undefined) return this.#connect(call, connect);
    if (call.info.verb === 'watch') return this.#watch(call);
    const timeoutMs = requestTimeoutMs(call.query);
    return this.#gate.run(call, (time) => this.#answer(call, time), timeoutMs);
  }

  /** Who answers, when this is a request for a stream or a proxy. */
  streams(call: HttpResourceCall): ConnectHandler | undefined {
    const connect = this.#resources.connect(call);
    return connect?.methods.includes(call.http.method) === true ? connect : undefined;
  }

  /** The handler of a stream; the request has been authorised and admitted when this resolves. */
  async openStream(call: HttpResourceCall): Promise<ConnectHandler> {
    this.#gate.authorize(call);
    if (createsByWebSocket(call)) this.#gate.authorize({ user: call.user, info: { ...call.info, verb: 'create' } });
    this.#route(call);
    const connect = this.streams(call);
    if (connect === undefined) throw resourceNotServed();
    await this.#resources.admitConnect(connect, call);
    return connect;
  }

  async #connect(call: HttpResourceCall, handler: ConnectHandler): Promise<HttpResponse> {
    await this.openStream(call);
    return handler.fetch(call, call.rest);
  }

  #route(call: HttpResourceCall): ResourceDefinition {
    const { definition } = this.#resources.served(call);
    if (call.rest !== '' && call.rest !== '/' && this.streams(call) === undefined) throw resourceNotServed();
    checkRoute(definition, this.#extensions, call.info, call.http.method, call.isItem);
    return definition;
  }

  async #answer(call: HttpResourceCall, time: Cancellable): Promise<HttpResponse> {
    const definition = this.#route(call);
    if (definition.deprecationWarning !== undefined) call.warn(definition.deprecationWarning);
    const representation = this.#negotiate(call, definition, false);
    const request = new ResourceRequest(this.#resources, call, definition, representation, time);
    switch (call.info.verb) {
      case 'get':
        return request.get();
      case 'list':
        return request.list();
      case 'create':
        return request.create();
      case 'update':
        return request.update();
      case 'patch':
        return request.patch();
      case 'delete':
        return request.delete();
      case 'deletecollection':
        return request.deleteCollection();
      default:
        throw resourceNotServed();
    }
  }

  async #watch(call: HttpResourceCall): Promise<HttpResponse> {
    this.#gate.authorize(call);
    const definition = this.#route(call);
    if (definition.deprecationWarning !== undefined) call.warn(definition.deprecationWarning);
    const representation = this.#negotiate(call, definition, true);
    const { environment } = this.#resources;
    const shape = watchShape(definition, {
      projection: representation.projection,
      includeObject: call.query.get('includeObject') ?? '',
      now: () => environment.now(),
    });
    const format = watchFormat(representation, shape);
    const headers = { 'content-type': format.contentType };
    try {
      const open = await this.#resources.watch(call, watchSettings(call.query));
      return { status: 200, headers, body: watchBody(open, format) };
    } catch (error) {
      // What history does not have is told within the stream, where clients look for it.
      if (isReason(error, 'Expired') || isReason(error, 'Timeout'))
        return { status: 200, headers, body: format.error(error) };
      throw error;
    }
  }

  #negotiate(call: HttpResourceCall, { type }: ResourceDefinition, stream: boolean): Representation {
    const pretty = wantsPretty(call.query, call.userAgent);
    const isList = !call.isItem && call.http.method === 'GET';
    const hasTable = this.#hasTable(call);
    return negotiate(call.accept, { pretty, stream, isList, hasMessages: isMessageKind(type), hasTable });
  }

  /** What is only asked of a review, and most subresources, have no rows. */
  #hasTable({ info }: HttpResourceCall): boolean {
    if (info.subresource !== '') return subresourcesInTables.has(info.subresource);
    return this.#extensions.review(info) === undefined;
  }
}

const subresourcesInTables = new Set(['status', 'scale']);

const commandStreams = new Set(['exec', 'attach', 'portforward']);

/** Browsers can only open a WebSocket by GET; running a command takes the permission to create all the same (KEP-4006). */
function createsByWebSocket({ info, http }: HttpResourceCall): boolean {
  const upgrade = http.headers['upgrade'] ?? '';
  return info.verb === 'get' && commandStreams.has(info.subresource) && upgrade.toLowerCase() === 'websocket';
}
