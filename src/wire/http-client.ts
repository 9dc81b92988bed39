import { type ClientRequest, Agent as PlainAgent, request as plainRequest, type RequestOptions } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import type { Timers } from './environment.ts';
import type { HttpBody, HttpRequest, HttpResponse, HttpTarget, UpgradeResponse } from './http.ts';
import { type ClientTls, tlsConnectOptions } from './http-client/client-tls.ts';
import { ConnectionError } from './http-client/connection-error.ts';
import { openedAgent } from './http-client/opened-agent.ts';
import { readToEnd } from './http-client/read-to-end.ts';
import { responseOf } from './http-client/response.ts';
import { parseTarget, type TargetAddress } from './http-client/target-address.ts';
import { pumpBody } from './pump-body.ts';

export interface HttpClientOptions {
  readonly environment: Timers;
  /** `https://host:port/prefix`, `http://...` or `unix:/path/to/socket`. */
  readonly url: string;
  /** A function is asked before each request, and new connections are made when it answers with another object. */
  readonly tls?: ClientTls | (() => ClientTls) | undefined;
  /** Asked before each request that has no `authorization` of its own. */
  readonly token?: (() => string | undefined | Promise<string | undefined>) | undefined;
  readonly limits?: Partial<HttpClientLimits> | undefined;
  /** Opens each connection, in place of one over the network; throws as a socket would fail. */
  readonly open?: (() => Duplex) | undefined;
  /** Also understands servers that do not keep to the grammar: lines without CR, and the like. */
  readonly lenient?: boolean | undefined;
}

export interface HttpClientLimits {
  /** Connections at a time; more requests wait for one to be free, for as long as for a connection. */
  readonly connections: number;
  /** From the wish for a connection to the end of its handshake. */
  readonly connectMs: number;
  /** How long a connection is kept without a request: less than servers keep theirs, so that a request seldom meets one being closed. */
  readonly idleMs: number;
  /** After so long a connection breaks off whose other end does not answer the kernel: its machine is gone, or its address. */
  readonly deadMs: number;
  /** How long the server may leave bytes of a request untaken. */
  readonly stallMs: number;
}

const defaultLimits: HttpClientLimits = {
  connections: 1024,
  connectMs: 10_000,
  idleMs: 45_000,
  deadMs: 60_000,
  stallMs: 60_000,
};
/** How often the kernel asks in the second half of `deadMs`. */
const deadProbes = 3;

interface Agents {
  readonly tls: ClientTls | undefined;
  readonly pool: PlainAgent;
  /** For upgrades: their connections must stay open in one direction when the other has ended. */
  readonly upgrade: PlainAgent;
}

/**
 * Requests to one server over kept connections. Throws `ConnectionError`, or the reason of the request's signal. A body that
 * is not wanted must be let go of by its iterator's `return`, or by aborting the signal: until then it holds a connection.
 */
export class HttpClient implements HttpTarget {
  readonly #options: HttpClientOptions;
  readonly #limits: HttpClientLimits;
  readonly #address: TargetAddress;
  #agents: Agents;
  /** How often all connections were closed: what failed by that is not sent again. */
  #closings = 0;

  /** Throws when the URL is none. */
  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#address = parseTarget(options.url);
    this.#agents = this.#createAgents(this.#currentTls());
  }

  get url(): string {
    return this.#options.url;
  }

  async fetch(request: HttpRequest): Promise<HttpResponse> {
    const headers = await this.#headers(request);
    const closings = this.#closings;
    try {
      return await this.#exchange(request, headers, false);
    } catch (error) {
      if (!isStaleConnection(error) || this.#closings !== closings) throw error;
      // A server may close a kept connection at the moment it is used again. One that was started anew, or cut off for a while, has forgotten
      // all of them: whatever is sent next is sent over a new one.
      closeIdle(this.#agents.pool);
      // Repeating is safe where nothing is changed.
      if (!repeatable(request)) throw error;
      return this.#exchange(request, headers, false);
    }
  }

  async upgrade(request: HttpRequest): Promise<UpgradeResponse> {
    const headers = await this.#headers(request);
    headers['connection'] = 'Upgrade';
    return this.#exchange(request, headers, true);
  }

  /** Keeps no connection any more; requests in flight finish, and new ones are still sent. */
  retire(): void {
    keepNone(this.#agents.pool);
  }

  /** Closes all connections; requests in flight fail. */
  close(): void {
    this.#closings++;
    this.#agents.pool.destroy();
    this.#agents.upgrade.destroy();
  }

  async #headers(request: HttpRequest): Promise<Record<string, string>> {
    // The name the caller's own client used is not this server's.
    const headers: Record<string, string> = { ...request.headers };
    delete headers['host'];
    if (request.host !== undefined) headers['host'] = request.host;
    setBodyLength(headers, request.body);
    if (headers['authorization'] === undefined && this.#options.token !== undefined) {
      const token = await this.#options.token();
      if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    }
    return headers;
  }

  #exchange(request: HttpRequest, headers: Record<string, string>, upgrade: boolean): Promise<UpgradeResponse> {
    const { signal } = request;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const sent = this.#send(request, headers, upgrade);
    const state = this.#watchConnection(sent);
    return new Promise((resolve, reject) => {
      const abort = () => sent.destroy(signal?.reason);
      signal?.addEventListener('abort', abort, { once: true });
      const settled = () => {
        state.stop();
        signal?.removeEventListener('abort', abort);
      };
      sent.once('response', (message) => {
        settled();
        resolve(responseOf(message, request.method, signal));
      });
      sent.once('upgrade', (message, socket, head) => {
        settled();
        if (head.length > 0) socket.unshift(head);
        resolve({ status: 101, headers: message.headers as Record<string, string>, connection: readToEnd(socket) });
      });
      // After the answer has begun its body tells what goes wrong.
      sent.on('error', (error) => {
        settled();
        if (signal?.aborted) reject(signal.reason);
        else reject(new ConnectionError(this.url, error, state.connected, sent.reusedSocket));
      });
    });
  }

  #send(request: HttpRequest, headers: Record<string, string>, upgrade: boolean): ClientRequest {
    const { secure, host, port, socketPath, prefix } = this.#address;
    const agents = this.#currentAgents();
    const options: RequestOptions = {
      method: request.method,
      path: prefix + request.path,
      headers,
      insecureHTTPParser: this.#options.lenient === true,
      agent: upgrade ? agents.upgrade : agents.pool,
      host,
      port,
      ...(socketPath === undefined ? {} : { socketPath }),
    };
    const sent = secure ? tlsRequest(options) : plainRequest(options);
    const { body } = request;
    if (body === undefined || body instanceof Uint8Array) {
      sent.end(body);
      return sent;
    }
    const bound = { timers: this.#options.environment, stallMs: this.#limits.stallMs };
    pumpBody(body, sent, bound).catch((error: Error) => sent.destroy(error));
    return sent;
  }

  /** Bounds the time until the connection stands, and knows whether it ever did. */
  #watchConnection(sent: ClientRequest): { readonly connected: boolean; stop(): void } {
    const state = { connected: false, stop: () => timer.cancel() };
    const timer = this.#options.environment.setTimer(this.#limits.connectMs, () => {
      sent.destroy(timeoutError(this.#limits.connectMs));
    });
    sent.once('socket', (socket) => {
      const { deadMs } = this.#limits;
      const connected = () => {
        state.connected = true;
        timer.cancel();
        if (this.#options.open === undefined)
          socket.setKeepAlive(true, deadMs / 2, Math.max(1000, deadMs / 2 / deadProbes), deadProbes);
      };
      if (!socket.connecting && (!this.#address.secure || sent.reusedSocket)) connected();
      else socket.once(this.#address.secure ? 'secureConnect' : 'connect', connected);
    });
    return state;
  }

  #currentTls(): ClientTls | undefined {
    const { tls } = this.#options;
    if (!this.#address.secure) return undefined;
    return typeof tls === 'function' ? tls() : (tls ?? {});
  }

  #currentAgents(): Agents {
    const { tls } = this.#options;
    if (typeof tls !== 'function' || !this.#address.secure) return this.#agents;
    const current = tls();
    if (current !== this.#agents.tls) {
      const old = this.#agents;
      this.#agents = this.#createAgents(current);
      // Requests in flight finish on their connections; those are not kept afterwards.
      keepNone(old.pool);
    }
    return this.#agents;
  }

  #createAgents(tls: ClientTls | undefined): Agents {
    const common = {
      keepAlive: true,
      keepAliveMsecs: 30_000,
      maxSockets: this.#limits.connections,
      timeout: this.#limits.idleMs,
      scheduling: 'lifo' as const,
      noDelay: true,
    };
    const upgrade = { ...common, keepAlive: false, timeout: 0, allowHalfOpen: true };
    const { open } = this.#options;
    if (open !== undefined) {
      const opened = openedAgent(open, tls && tlsConnectOptions(this.#address.host, tls));
      return { tls, pool: opened, upgrade: opened };
    }
    if (tls === undefined) return { tls, pool: new PlainAgent(common), upgrade: new PlainAgent(upgrade) };
    const options = tlsConnectOptions(this.#address.host, tls);
    return { tls, pool: new TlsAgent({ ...common, ...options }), upgrade: new TlsAgent({ ...upgrade, ...options }) };
  }
}

/** Said always: for DELETE node:http would send a body without its length, and the server would take it for the next request. */
function setBodyLength(headers: Record<string, string>, body: HttpBody | undefined): void {
  delete headers['transfer-encoding'];
  if (body instanceof Uint8Array) headers['content-length'] = String(body.length);
  else if (body === undefined) delete headers['content-length'];
  else if (headers['content-length'] === undefined) headers['transfer-encoding'] = 'chunked';
}

function isStaleConnection(error: unknown): boolean {
  return error instanceof ConnectionError && error.reused;
}

function repeatable(request: HttpRequest): boolean {
  return request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS';
}

function timeoutError(connectMs: number): NodeJS.ErrnoException {
  return Object.assign(new Error(`no connection within ${connectMs} ms`), { code: 'ETIMEDOUT' });
}

function closeIdle(agent: PlainAgent): void {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}

function keepNone(agent: PlainAgent): void {
  closeIdle(agent);
  agent.maxFreeSockets = 0;
}
