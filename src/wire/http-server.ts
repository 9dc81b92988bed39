import {
  createServer as createPlainServer,
  type Server as PlainServer,
  type RequestListener,
  type ServerOptions,
} from 'node:http';
import { performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock, Timers } from './environment.ts';
import type { HttpRequest } from './http.ts';
import type { HttpHandler } from './http-handler.ts';
import type { ExchangeContext } from './http-server/exchange.ts';
import { http1Exchange, http1Upgrade } from './http-server/http1-exchange.ts';
import { http2Exchange } from './http-server/http2-exchange.ts';
import { defaultLimits, type HttpServerLimits } from './http-server/limits.ts';
import { type ListenAddress, listen } from './http-server/listen.ts';
import { ServerConnection } from './http-server/server-connection.ts';

export interface ServerTls {
  /** The server's certificate and those between it and the root, PEM. */
  readonly certificatePem: string;
  readonly keyPem: string;
  /** Clients are asked for a certificate when this is given, and it is checked against these. */
  readonly clientAuthorityPem?: string | undefined;
}

export interface HttpServerOptions {
  readonly environment: Clock & Timers;
  readonly handler: HttpHandler;
  readonly address: ListenAddress;
  /** Absent: plain HTTP/1.1. */
  readonly tls?: ServerTls | undefined;
  readonly limits?: Partial<HttpServerLimits> | undefined;
  /** Told what a handler threw and what went wrong in the middle of an answer. Never about clients that went away. */
  readonly onError?: ((error: unknown, request: HttpRequest) => void) | undefined;
}

/**
 * A server on one address: HTTP/1.1 and, over TLS, HTTP/2. A certificate that the client presents and that does not verify is
 * reported to the handler and does not end the connection, for the answer to it is 401.
 */
export class HttpServer {
  readonly #server: PlainServer | TlsServer;
  readonly #environment: Clock & Timers;
  readonly #limits: HttpServerLimits;
  /** Over TLS each connection is here twice, inside and outside, for either may have to be broken off. */
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #connections = new WeakMap<Socket, ServerConnection>();
  readonly #context: ExchangeContext;
  #accepted = 0;
  #active = 0;
  #closing: Promise<void> | undefined;
  #idle: (() => void) | undefined;

  /** Starts a server and waits until it listens. Throws `ListenError`. */
  static async start(options: HttpServerOptions): Promise<HttpServer> {
    const server = new HttpServer(options);
    await listen(server.#server, options.address);
    return server;
  }

  private constructor(options: HttpServerOptions) {
    this.#environment = options.environment;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#context = {
      handler: options.handler,
      limits: this.#limits,
      timers: options.environment,
      closing: () => this.#closing !== undefined,
      began: () => {
        this.#active++;
      },
      ended: () => {
        if (--this.#active === 0) this.#idle?.();
      },
      onError: options.onError ?? (() => undefined),
    };
    this.#server = options.tls === undefined ? this.#createPlain() : this.#createTls(options.tls);
    this.#server.maxConnections = this.#limits.connections;
    this.#server.on('connection', (socket: Socket) => {
      this.#accepted++;
      socket.once('close', () => {
        this.#accepted--;
      });
      this.#track(socket);
    });
    const { upgrade } = options.handler;
    if (upgrade !== undefined)
      this.#server.on('upgrade', (message, stream, head) => {
        const socket = stream as Socket;
        void http1Upgrade(this.#context, message, socket, head, this.#connectionOf(socket), upgrade);
      });
  }

  /** The port in use; 0 on a unix socket. */
  get port(): number {
    const address = this.#server.address() as AddressInfo | string | null;
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get openConnections(): number {
    return this.#accepted;
  }

  /** Uses other certificates from the next handshake on. */
  setTls(tls: ServerTls): void {
    if (!('setSecureContext' in this.#server)) throw new Error('the server does not speak TLS');
    this.#server.setSecureContext(secureContext(tls));
  }

  /**
   * Stops accepting, lets the requests in flight finish for up to `graceMs`, then breaks off what is left: long watches and
   * connections that were upgraded. Resolves when no connection is open.
   */
  close(graceMs = 0): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const session of this.#sessions) session.close();
    if (graceMs > 0 && this.#active > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#environment.setTimer(graceMs, resolve);
        this.#idle = () => {
          timer.cancel();
          resolve();
        };
      });
    }
    const wasIdle = this.#active === 0;
    for (const socket of this.#sockets) {
      if (wasIdle) socket.destroySoon();
      else socket.destroy();
    }
    const patience = this.#environment.setTimer(1000, () => {
      for (const socket of this.#sockets) socket.destroy();
    });
    await Promise.all([closed, this.#allSocketsClosed()]);
    patience.cancel();
  }

  /** Node reports the server closed before it reports its last connections closed. */
  async #allSocketsClosed(): Promise<void> {
    await Promise.all(Array.from(this.#sockets, (socket) => new Promise((resolve) => socket.once('close', resolve))));
  }

  #createPlain(): PlainServer {
    return createPlainServer(this.#http1Options(), this.#onRequest);
  }

  #createTls(tls: ServerTls): TlsServer {
    const options = {
      ...this.#http1Options(),
      ...secureContext(tls),
      requestCert: tls.clientAuthorityPem !== undefined,
      rejectUnauthorized: false,
      handshakeTimeout: this.#limits.handshakeMs,
      minVersion: 'TLSv1.2' as const,
      ALPNProtocols: ['h2', 'http/1.1'],
    };
    const server = createTlsServer(options, this.#onRequest);
    // node:http2 can serve HTTP/1.1 beside its own protocol, but then gives both the slower compatibility API. The listener
    // of node:https for new connections is kept for HTTP/1.1 alone instead.
    const [http1] = server.listeners('secureConnection');
    server.removeAllListeners('secureConnection');
    server.on('secureConnection', (socket) => {
      this.#track(socket);
      if (socket.alpnProtocol === 'h2') this.#serveHttp2(socket);
      else http1?.call(server, socket);
    });
    return server;
  }

  readonly #onRequest: RequestListener = (message, response) => {
    void http1Exchange(this.#context, message, response, this.#connectionOf(message.socket));
  };

  #http1Options(): ServerOptions {
    const limits = this.#limits;
    return {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.idleMs,
      noDelay: true,
      // Finds connections whose other end has vanished.
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
      // curl offers HTTP/2 over plain connections this way, and is content with HTTP/1.1.
      shouldUpgradeCallback: (request) =>
        this.#context.handler.upgrade !== undefined && request.headers.upgrade?.toLowerCase() !== 'h2c',
      connectionsCheckingInterval: Math.min(5000, limits.headersMs),
    };
  }

  #serveHttp2(socket: TLSSocket): void {
    const session = performServerHandshake(socket, {
      settings: {
        maxConcurrentStreams: this.#limits.streams,
        maxHeaderListSize: this.#limits.headerBytes,
        initialWindowSize: 256 * 1024,
      },
      // Megabytes that the answers of one connection may wait in.
      maxSessionMemory: 64,
    });
    const connection = this.#connectionOf(socket);
    const track = this.#closeWhenIdle(session);
    this.#sessions.add(session);
    session.on('stream', (stream, headers, flags) => {
      track(stream);
      void http2Exchange(this.#context, stream, headers, flags, connection);
    });
    session.on('error', () => session.destroy());
    session.on('close', () => this.#sessions.delete(session));
    if (this.#closing !== undefined) session.close();
  }

  /**
   * Closes a session that has had no stream for a while; the function returned is told of each stream. Node's own timer counts a
   * watch on which nothing happens as idle too.
   */
  #closeWhenIdle(session: ServerHttp2Session): (stream: ServerHttp2Stream) => void {
    const environment = this.#environment;
    const { idleMs } = this.#limits;
    let streams = 0;
    let idleSinceMs = environment.monotonic();
    const check = () => {
      const leftMs = streams > 0 ? idleMs : idleSinceMs + idleMs - environment.monotonic();
      if (leftMs <= 0) session.close();
      else timer = environment.setTimer(leftMs, check);
    };
    let timer = environment.setTimer(idleMs, check);
    session.once('close', () => timer.cancel());
    return (stream) => {
      streams++;
      stream.once('close', () => {
        streams--;
        idleSinceMs = environment.monotonic();
      });
    };
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  }

  #connectionOf(socket: Socket): ServerConnection {
    let connection = this.#connections.get(socket);
    if (connection === undefined) {
      connection = new ServerConnection(socket, this.#environment);
      this.#connections.set(socket, connection);
    }
    return connection;
  }
}

function secureContext(tls: ServerTls): { cert: string; key: string; ca?: string } {
  return {
    cert: tls.certificatePem,
    key: tls.keyPem,
    ...(tls.clientAuthorityPem === undefined ? {} : { ca: tls.clientAuthorityPem }),
  };
}
