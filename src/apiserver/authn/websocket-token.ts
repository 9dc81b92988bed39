import { unauthorized } from '../../machinery/status-errors.ts';
import type { HttpRequest } from '../../wire/http.ts';
import { isWebSocketRequest, requestedProtocols } from '../../wire/websocket/websocket-handshake.ts';

const prefix = 'base64url.bearer.authorization.k8s.io.';

/**
 * Browsers cannot give a WebSocket headers, and say their bearer token as one of its protocols. The same request with the token where it
 * belongs, and not among the protocols any more. Throws Unauthorized for one that makes no sense.
 */
export function withWebSocketToken(request: HttpRequest): HttpRequest {
  if (!isWebSocketRequest(request)) return request;
  const protocols = requestedProtocols(request);
  const tokens = protocols.filter((each) => each.startsWith(prefix));
  if (tokens.length === 0) return request;
  const others = protocols.filter((each) => !each.startsWith(prefix));
  const encoded = tokens[0]?.slice(prefix.length) ?? '';
  const token = Buffer.from(encoded, 'base64url').toString('utf8');
  // The handshake answers with one of the others, so there has to be one.
  if (tokens.length > 1 || others.length === 0 || token === '' || !/^[\w-]+$/.test(encoded)) throw unauthorized();
  const { authorization = `Bearer ${token}` } = request.headers;
  return { ...request, headers: { ...request.headers, authorization, 'sec-websocket-protocol': others.join(', ') } };
}
