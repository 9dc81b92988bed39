import type { Timers } from '../environment.ts';
import type { HttpRequest } from '../http.ts';
import { isWebSocketRequest } from '../websocket/websocket-handshake.ts';
import type { AcceptedExec } from './accepted-exec.ts';
import type { StreamOptions } from './exec-streams.ts';
import { acceptSpdyExec } from './spdy-exec-server.ts';
import { acceptWebSocketExec } from './websocket-exec-server.ts';

/** Answers a request for a remote command over the protocol that the client asks for: WebSocket channels or SPDY/3.1. */
export function acceptExec(environment: Timers, request: HttpRequest, options: StreamOptions): AcceptedExec {
  if (isWebSocketRequest(request)) return acceptWebSocketExec(environment, request, options);
  if ((request.headers['upgrade'] ?? '').toLowerCase() === 'spdy/3.1')
    return acceptSpdyExec(environment, request, options);
  const text = `unable to upgrade: missing upgrade headers in request: ${JSON.stringify(request.headers['upgrade'] ?? '')}\n`;
  return {
    response: { status: 400, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: Buffer.from(text) },
  };
}
