import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { HttpResponse } from '../http.ts';
import { boundedBody } from '../http-body.ts';
import type { HttpConnection } from '../http-handler.ts';
import { pumpBody } from '../pump-body.ts';
import { type ExchangeContext, failureResponse } from './exchange.ts';
import { IncomingRequest } from './incoming-request.ts';

/** Answers one HTTP/2 request. */
export async function http2Exchange(
  context: ExchangeContext,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  connection: HttpConnection,
): Promise<void> {
  const hasBody = (flags & constants.NGHTTP2_FLAG_END_STREAM) === 0;
  const request = new IncomingRequest(
    String(headers[':method']),
    String(headers[':path'] ?? '/'),
    plainHeaders(headers),
    hasBody
      ? boundedBody(stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>, context.limits.bodyBytes)
      : undefined,
  );
  context.began();
  stream.once('close', () => {
    if (stream.aborted) request.abort();
    context.ended();
  });
  // A reset by the client comes as an error and then as a close, which is where it is dealt with.
  stream.on('error', () => undefined);
  let answer: HttpResponse;
  try {
    answer = await context.handler.fetch(request, connection);
  } catch (error) {
    if (request.aborted) return;
    answer = failureResponse(context, request, error);
  }
  await send(context, request, stream, answer);
}

async function send(
  context: ExchangeContext,
  request: IncomingRequest,
  stream: ServerHttp2Stream,
  answer: HttpResponse,
): Promise<void> {
  const { body } = answer;
  if (stream.destroyed || stream.closed) {
    if (body !== undefined && !(body instanceof Uint8Array)) await body[Symbol.asyncIterator]().return?.();
    return;
  }
  try {
    const headers = responseHeaders(answer);
    if (body === undefined || body instanceof Uint8Array) {
      const empty = body === undefined || body.length === 0 || request.method === 'HEAD';
      headers['content-length'] ??= String(body?.length ?? 0);
      stream.respond(headers, { endStream: empty });
      if (!empty) stream.end(body);
      return;
    }
    // Node ends a stream that is reset in the middle as if it were whole, unless trailers are still to come.
    stream.respond(headers, { waitForTrailers: true });
    stream.once('wantTrailers', () => {
      if (!stream.aborted) stream.sendTrailers({});
    });
    await pumpBody(body, stream, { timers: context.timers, stallMs: context.limits.stallMs });
  } catch (error) {
    if (!request.aborted) context.onError(error, request);
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }
}

/** Without the pseudo-headers, and `host` in the place where HTTP/1.1 has it. */
function plainHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const plain: Record<string, string> = {};
  const authority = headers[':authority'];
  if (authority !== undefined) plain['host'] = authority;
  for (const name in headers) {
    const value = headers[name];
    if (name.startsWith(':') || value === undefined || name === '__proto__') continue;
    plain[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return plain;
}

/** HTTP/2 has no headers about the connection, and takes one that has them for an attack (RFC 9113 8.2.2). */
const connectionHeaders = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'proxy-connection']);

function responseHeaders(answer: HttpResponse): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { ':status': answer.status };
  for (const name in answer.headers) if (!connectionHeaders.has(name)) headers[name] = answer.headers[name];
  return headers;
}
