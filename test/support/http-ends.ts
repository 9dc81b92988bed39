import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { HttpRequest, HttpResponse } from '../../src/wire/http.ts';
import { readHttpBody } from '../../src/wire/http-body.ts';
import { HttpClient, type HttpClientOptions } from '../../src/wire/http-client.ts';
import type { HttpHandler } from '../../src/wire/http-handler.ts';
import { HttpServer, type HttpServerOptions } from '../../src/wire/http-server.ts';
import { realEnvironment } from './environment.ts';
import { serverTls, testAuthority } from './pki.ts';

/** A server on a free port, with the certificate of tests unless it is told otherwise; closed when the test is over. */
export async function startServer(
  handler: HttpHandler['fetch'] | HttpHandler,
  options: Partial<HttpServerOptions> = {},
): Promise<HttpServer> {
  const server = await HttpServer.start({
    environment: realEnvironment,
    handler: typeof handler === 'function' ? { fetch: handler } : handler,
    address: { host: '127.0.0.1', port: 0 },
    tls: serverTls,
    ...options,
  });
  onTestFinished(() => server.close());
  return server;
}

/** What takes connections and leaves the rest to the test; answers its port. */
export async function startRawServer(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    sockets.push(socket);
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as { port: number }).port;
}

/** A client that believes the certificate of tests; closed when the test is over. */
export function clientOf(url: string, options: Partial<HttpClientOptions> = {}): HttpClient {
  const client = new HttpClient({
    environment: realEnvironment,
    url,
    tls: { authorityPem: testAuthority.certificate.pem },
    ...options,
  });
  onTestFinished(() => client.close());
  return client;
}

export function get(path: string, rest: Partial<HttpRequest> = {}): HttpRequest {
  return { method: 'GET', path, headers: {}, ...rest };
}

export function say(text: string): HttpResponse {
  return { status: 200, headers: { 'content-type': 'text/plain' }, body: Buffer.from(text) };
}

/** Says what it was asked, as JSON. */
export const mirror: HttpHandler['fetch'] = async (request, connection) =>
  say(
    JSON.stringify({
      method: request.method,
      path: request.path,
      headers: request.headers,
      body: Buffer.from(await readHttpBody(request.body)).toString(),
      user: connection.certificate?.commonName,
    }),
  );
