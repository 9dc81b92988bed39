import type { Timers } from '../environment.ts';
import type { HttpRequest } from '../http.ts';
import { isSpdyRequest, notUpgradable } from '../spdy/spdy-handshake.ts';
import { isWebSocketRequest } from '../websocket/websocket-handshake.ts';
import type { AcceptedExec } from './accepted-exec.ts';
import type { StreamOptions } from './exec-streams.ts';
import { acceptSpdyExec } from './spdy-exec-server.ts';
import { acceptWebSocketExec } from './websocket-exec-server.ts';

/** Answers a request for a remote command over the protocol that the client asks for: WebSocket channels or SPDY/3.1. */
export function acceptExec(environment: Timers, request: HttpRequest, options: StreamOptions): AcceptedExec {
  if (isWebSocketRequest(request)) return acceptWebSocketExec(environment, request, options);
  if (isSpdyRequest(request)) return acceptSpdyExec(environment, request, options);
  return { response: notUpgradable(request) };
}
