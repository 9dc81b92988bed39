import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpResponse, UpgradeResponse } from '../http.ts';
import { boundedBody } from '../http-body.ts';
import type { HttpConnection, HttpHandler } from '../http-handler.ts';
import { joinStreams } from '../join-streams.ts';
import { pumpBody } from '../pump-body.ts';
import { type ExchangeContext, failureResponse } from './exchange.ts';
import { IncomingRequest } from './incoming-request.ts';

/** Answers one HTTP/1.1 request. */
export async function http1Exchange(
  context: ExchangeContext,
  message: IncomingMessage,
  response: ServerResponse,
  connection: HttpConnection,
): Promise<void> {
  const request = requestOf(context, message);
  context.began();
  response.once('close', () => {
    if (!response.writableFinished) request.abort();
    context.ended();
  });
  let answer: HttpResponse;
  try {
    answer = await context.handler.fetch(request, connection);
  } catch (error) {
    if (request.aborted) return;
    answer = failureResponse(context, request, error);
  }
  await send(context, request, response, answer);
}

/**
 * Answers a request that asks for an upgrade, over the connection it came on. `head` is what the client sent on before it was
 * answered.
 */
export async function http1Upgrade(
  context: ExchangeContext,
  message: IncomingMessage,
  socket: Socket,
  head: Buffer,
  connection: HttpConnection,
  upgrade: NonNullable<HttpHandler['upgrade']>,
): Promise<void> {
  const request = requestOf(context, message);
  context.began();
  socket.once('close', () => request.abort());
  socket.on('error', () => request.abort());
  try {
    const answer: UpgradeResponse = await upgrade.call(context.handler, request, connection);
    if (answer.connection === undefined) {
      await sendRaw(context, request, message, socket, answer);
      return;
    }
    if (socket.destroyed) {
      answer.connection.destroy();
      return;
    }
    socket.write(switchingProtocols(answer.headers));
    if (head.length > 0) socket.unshift(head);
    joinStreams(socket, answer.connection);
  } catch (error) {
    if (request.aborted) return;
    await sendRaw(context, request, message, socket, failureResponse(context, request, error));
  } finally {
    // What goes on after the upgrade is not waited for at shutdown; it may last for hours.
    context.ended();
  }
}

function requestOf(context: ExchangeContext, message: IncomingMessage): IncomingRequest {
  const { headers } = message;
  const hasBody =
    headers['content-length'] !== undefined ? headers['content-length'] !== '0' : 'transfer-encoding' in headers;
  return new IncomingRequest(
    message.method ?? 'GET',
    originForm(message.url ?? '/'),
    // Only set-cookie comes as a list, and clients do not send it.
    headers as Readonly<Record<string, string>>,
    hasBody
      ? boundedBody(message.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>, context.limits.bodyBytes)
      : undefined,
  );
}

/** Path and query of a request target, which to a proxy is a whole URL (RFC 9112 3.2.2). */
function originForm(target: string): string {
  if (target.startsWith('/')) return target;
  const url = URL.parse(target);
  return url === null ? '/' : url.pathname + url.search;
}

async function send(
  context: ExchangeContext,
  request: IncomingRequest,
  response: ServerResponse,
  answer: HttpResponse,
): Promise<void> {
  const { body } = answer;
  if (response.destroyed) {
    if (body !== undefined && !(body instanceof Uint8Array)) await body[Symbol.asyncIterator]().return?.();
    return;
  }
  if (context.closing()) response.shouldKeepAlive = false;
  try {
    if (body === undefined || body instanceof Uint8Array) {
      response.writeHead(answer.status, withLength(answer, body?.length ?? 0));
      response.end(body);
      return;
    }
    response.writeHead(answer.status, answer.headers);
    response.flushHeaders();
    await pumpBody(body, response, { timers: context.timers, stallMs: context.limits.stallMs });
  } catch (error) {
    // The status has gone out: cutting the connection is the only way left to say that the answer is not whole.
    if (!request.aborted) context.onError(error, request);
    response.destroy();
  }
}

/** An ordinary answer on a connection that Node has let go of; it is closed afterwards. */
async function sendRaw(
  context: ExchangeContext,
  request: IncomingRequest,
  message: IncomingMessage,
  socket: Socket,
  answer: HttpResponse,
): Promise<void> {
  const response = new ServerResponse(message);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => socket.destroySoon());
  await send(context, request, response, answer);
}

function withLength(answer: HttpResponse, length: number): Record<string, string> {
  const bodiless = answer.status === 204 || answer.status === 304 || 'content-length' in answer.headers;
  return bodiless ? answer.headers : { ...answer.headers, 'content-length': String(length) };
}

function switchingProtocols(headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value.replaceAll(/[\r\n]/g, ' ')}\r\n`);
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`;
}
