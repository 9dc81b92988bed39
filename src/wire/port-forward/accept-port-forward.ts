import type { Duplex } from 'node:stream';
import { connectionPair } from '../connection-pair.ts';
import type { Timers } from '../environment.ts';
import type { HttpRequest, HttpResponse, UpgradeResponse } from '../http.ts';
import { acceptSpdy, isSpdyRequest, notUpgradable } from '../spdy/spdy-handshake.ts';
import { acceptHandshake, isWebSocketRequest } from '../websocket/websocket-handshake.ts';
import { webSocketTunnel } from '../websocket/websocket-tunnel.ts';
import { type PortConnector, parsePort } from './port-connection.ts';
import { portForwardProtocol, tunnelledPortForward } from './protocols.ts';
import { SpdyPortForwardServer } from './spdy-port-forward-server.ts';
import { WebSocketPortForwardServer } from './websocket-port-forward-server.ts';

/** What goes over an upgraded connection until either side ends it. */
export interface PortForwardSession {
  readonly closed: Promise<void>;
  close(): void;
}

/** An upgrade that was agreed to, or the answer that refuses it. */
export type AcceptedPortForward =
  | { readonly response: Extract<UpgradeResponse, { readonly status: 101 }>; readonly session: PortForwardSession }
  | { readonly response: HttpResponse; readonly session?: undefined };

/** Protocols by which ports are forwarded over a WebSocket: SPDY inside, as kubectl does since 1.31, or channels. */
const webSocketProtocols = [tunnelledPortForward, 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io', ''] as const;

/**
 * Answers a request to forward ports over the protocol that the client asks for: SPDY/3.1, SPDY within a WebSocket, or channels of
 * a WebSocket, whose ports are in the query.
 */
export function acceptPortForward(
  environment: Timers,
  request: HttpRequest,
  query: URLSearchParams,
  connect: PortConnector,
): AcceptedPortForward {
  if (isSpdyRequest(request)) {
    const handshake = acceptSpdy(request, [portForwardProtocol]);
    if (handshake.protocol === undefined) return { response: handshake };
    return over(handshake.headers, (socket) => new SpdyPortForwardServer(environment, socket, connect));
  }
  if (!isWebSocketRequest(request)) return { response: notUpgradable(request) };
  const handshake = acceptHandshake(request, webSocketProtocols);
  if (handshake.protocol === undefined) return { response: handshake };
  const { protocol, headers } = handshake;
  if (protocol === tunnelledPortForward)
    return over(headers, (socket) => new SpdyPortForwardServer(environment, webSocketTunnel(socket), connect));
  let ports: readonly number[];
  try {
    ports = portsOf(query);
  } catch (error) {
    const body = Buffer.from((error as Error).message);
    return { response: { status: 400, headers: { 'content-type': 'text/plain; charset=utf-8' }, body } };
  }
  return over(headers, (socket) => new WebSocketPortForwardServer(environment, socket, protocol, ports, connect));
}

function over(
  headers: Readonly<Record<string, string>>,
  serve: (socket: Duplex) => PortForwardSession,
): AcceptedPortForward {
  const [inner, outer] = connectionPair();
  return { response: { status: 101, headers, connection: outer }, session: serve(inner) };
}

/** A channel is a byte, and a port has two of them. */
const mostPorts = 128;

function portsOf(query: URLSearchParams): readonly number[] {
  const texts = query.getAll('port');
  if (texts.length === 0) throw new Error('query parameter "port" is required');
  const ports = texts.flatMap((text) => {
    if (text === '') throw new Error('query parameter "port" cannot be empty');
    return text.split(',').map(parsePort);
  });
  if (ports.length > mostPorts) throw new Error(`more than ${mostPorts} ports cannot be forwarded at once`);
  return ports;
}
