import type { Environment } from '../../machinery/environment/environment.ts';
import type { KubeList, KubeObject } from '../../machinery/object.ts';
import { apiVersionOf, type ResourceType } from '../../machinery/resource-type.ts';
import { StatusError, type StatusReason } from '../../machinery/status-error.ts';
import type { HttpRequest, HttpTarget } from '../../wire/http.ts';
import { ConnectionError } from '../../wire/http-client/connection-error.ts';
import type {
  Client,
  DeleteOptions,
  GetOptions,
  KubeStatus,
  ListOptions,
  ObjectKey,
  Patch,
  PatchOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '../client.ts';
import { namespaceOfNew } from '../namespace-of-new.ts';
import { type Answer, exchange } from './exchange.ts';
import { LineTooLongError } from './json-lines.ts';
import {
  deleteBody,
  listQuery,
  type Query,
  type ResourceAddress,
  resourcePath,
  watchQuery,
  writeQuery,
} from './request-path.ts';
import { responseError } from './response-error.ts';
import { defaultRetryLimits, type RetryLimits, withRetries } from './retry.ts';
import { watchEvents } from './watch-events.ts';

export interface HttpsClientOptions {
  readonly environment: Environment;
  /** Where the API is: an `HttpClient`, or a `FailOverTarget` of several. It adds the credentials. */
  readonly target: HttpTarget;
  /** Says in the server's logs and managed fields who this is. */
  readonly userAgent?: string | undefined;
  /** For each attempt at a request, its answer included; for the beginning of a watch. */
  readonly timeoutMs?: number | undefined;
  readonly retry?: Partial<RetryLimits> | undefined;
}

interface Call {
  readonly method: string;
  readonly type: ResourceType;
  readonly address: ResourceAddress;
  readonly query?: Query | undefined;
  readonly body?: object | undefined;
  readonly contentType?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

/** A watch that outlives the time it asked for by this much is on a dead connection. */
const watchGraceMs = 30_000;

/** The API of any Kubernetes, over HTTPS. */
export class HttpsClient implements Client {
  readonly http: HttpTarget;
  readonly #environment: Environment;
  readonly #userAgent: string;
  readonly #timeoutMs: number;
  readonly #retry: RetryLimits;

  constructor(options: HttpsClientOptions) {
    this.http = options.target;
    this.#environment = options.environment;
    this.#userAgent = options.userAgent ?? 'stuurman';
    this.#timeoutMs = options.timeoutMs ?? 60_000;
    this.#retry = { ...defaultRetryLimits, ...options.retry };
  }

  get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey, options: GetOptions = {}): Promise<T> {
    const { subresource, resourceVersion, signal } = options;
    return this.#call({ method: 'GET', type, address: { ...key, subresource }, query: { resourceVersion }, signal });
  }

  list<T extends KubeObject>(type: ResourceType<T>, options: ListOptions = {}): Promise<KubeList<T>> {
    const { namespace, signal } = options;
    return this.#call({ method: 'GET', type, address: { namespace }, query: listQuery(options), signal });
  }

  async *watch<T extends KubeObject>(
    type: ResourceType<T>,
    options: WatchOptions = {},
  ): AsyncGenerator<WatchEvent<T>, void, undefined> {
    const { namespace, timeoutSeconds, signal } = options;
    const patience = this.#watchPatience(timeoutSeconds, signal);
    const request = {
      method: 'GET',
      path: resourcePath(type, { namespace }, watchQuery(options)),
      headers: this.#headers(),
      signal: patience.signal,
    };
    try {
      const answer = await this.#send(request, true);
      if (answer.stream === undefined) throw responseError(answer, { method: 'GET', type });
      yield* watchEvents<T>(answer.stream);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (patience.signal?.aborted) return;
      throw statusErrorOf(error);
    } finally {
      patience.cancel();
    }
  }

  async create<T extends KubeObject>(type: ResourceType<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const { subresource, signal } = options;
    const { name } = object.metadata;
    const namespace = namespaceOfNew(type, object);
    const address = subresource === undefined ? { namespace } : { namespace, name, subresource };
    return this.#call({
      method: 'POST',
      type,
      address,
      query: writeQuery(options),
      body: typed(type, object, subresource),
      signal,
    });
  }

  update<T extends KubeObject>(type: ResourceType<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const { subresource, signal } = options;
    const { namespace, name } = object.metadata;
    const address = { namespace, name, subresource };
    return this.#call({
      method: 'PUT',
      type,
      address,
      query: writeQuery(options),
      body: typed(type, object, subresource),
      signal,
    });
  }

  patch<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: Patch,
    options: PatchOptions = {},
  ): Promise<T> {
    const { subresource, signal } = options;
    return this.#call({
      method: 'PATCH',
      type,
      address: { ...key, subresource },
      query: writeQuery(options),
      body: patch.type === 'json' ? patch.operations : patch.body,
      contentType: patchTypes[patch.type],
      signal,
    });
  }

  delete<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    options: DeleteOptions = {},
  ): Promise<T | KubeStatus> {
    return this.#call({ method: 'DELETE', type, address: key, body: deleteBody(options), signal: options.signal });
  }

  async deleteCollection<T extends KubeObject>(
    type: ResourceType<T>,
    options: ListOptions & DeleteOptions = {},
  ): Promise<void> {
    const { namespace, signal } = options;
    const body = deleteBody(options);
    await this.#call({ method: 'DELETE', type, address: { namespace }, query: listQuery(options), body, signal });
  }

  createSubresource<B extends object, R = B>(
    type: ResourceType,
    key: ObjectKey,
    subresource: string,
    body: B,
    options: WriteOptions = {},
  ): Promise<R> {
    const address = { ...key, subresource };
    return this.#call({ method: 'POST', type, address, query: writeQuery(options), body, signal: options.signal });
  }

  async #call<R>(call: Call): Promise<R> {
    const { method, type, address, signal } = call;
    const request: HttpRequest = {
      method,
      path: resourcePath(type, address, call.query),
      headers: this.#headers(call.body === undefined ? undefined : (call.contentType ?? 'application/json')),
      body: call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body)),
      signal,
    };
    try {
      const answer = await this.#send(request, false);
      if (answer.status >= 300) throw responseError(answer, { method, type, name: address.name });
      return JSON.parse(answer.text) as R;
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw statusErrorOf(error);
    }
  }

  #send(request: HttpRequest, stream: boolean): Promise<Answer> {
    return withRetries(this.#environment, this.#retry, request, () =>
      exchange(this.#environment, this.http, request, this.#timeoutMs, stream),
    );
  }

  #headers(contentType?: string): Record<string, string> {
    return {
      accept: 'application/json',
      'user-agent': this.#userAgent,
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
    };
  }

  /** The caller's signal, and the end of the time in which the server should have ended the watch. */
  #watchPatience(
    timeoutSeconds: number | undefined,
    signal: AbortSignal | undefined,
  ): { readonly signal: AbortSignal | undefined; cancel(): void } {
    if (timeoutSeconds === undefined) return { signal, cancel() {} };
    return this.#environment.deadline(timeoutSeconds * 1000 + watchGraceMs, signal);
  }
}

/** What is thrown over the seam is a `StatusError`, with what happened on the way as its cause. */
function statusErrorOf(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ConnectionError) return failure(503, 'ServiceUnavailable', message, error);
  if (error instanceof LineTooLongError) return failure(500, 'InternalError', message, error);
  if (error instanceof SyntaxError) return failure(500, 'InternalError', `the answer is not JSON: ${message}`, error);
  return failure(503, 'ServiceUnavailable', `the connection broke: ${message}`, error);
}

function failure(code: number, reason: StatusReason, message: string, cause: unknown): StatusError {
  return new StatusError({ code, reason, message }, { cause });
}

/** Subresources that are views of the object itself, for all that the project writes there. */
const views: readonly (string | undefined)[] = [undefined, 'status', 'approval'];

/** The object with its kind: a server may refuse one without. */
function typed(type: ResourceType, object: KubeObject, subresource: string | undefined): object {
  const known = object.kind !== undefined && object.apiVersion !== undefined;
  if (known || !views.includes(subresource)) return object;
  return { ...object, apiVersion: apiVersionOf(type), kind: type.kind };
}
