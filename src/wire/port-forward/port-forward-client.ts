import { text } from 'node:stream/consumers';
import type { RandomSource, Timers } from '../environment.ts';
import type { HttpTarget, UpgradeResponse } from '../http.ts';
import { readHttpText } from '../http-body.ts';
import { SpdyConnection } from '../spdy/spdy-connection.ts';
import { clientHandshake } from '../websocket/websocket-handshake.ts';
import { webSocketTunnel } from '../websocket/websocket-tunnel.ts';
import type { PortConnection } from './port-connection.ts';
import { portForwardProtocol, tunnelledPortForward } from './protocols.ts';

/** How long the server may take to accept a stream, as in Kubernetes. */
const acceptMs = 30_000;

/** The client's side of the forwarding of ports: any number of connections over one. */
export class PortForwardClient {
  readonly #environment: Timers;
  readonly #connection: SpdyConnection;
  #requests = 0;

  private constructor(environment: Timers, connection: SpdyConnection) {
    this.#environment = environment;
    this.#connection = connection;
  }

  /** Over SPDY/3.1, as container runtimes and older clients speak it. Throws an `Error` when the server refuses. */
  static async overSpdy(environment: Timers, target: HttpTarget, path: string): Promise<PortForwardClient> {
    const headers = {
      upgrade: 'SPDY/3.1',
      'x-stream-protocol-version': portForwardProtocol,
      'content-length': '0',
    };
    const answer = await target.upgrade({ method: 'POST', path, headers });
    const { connection } = await upgraded(answer);
    return new PortForwardClient(environment, new SpdyConnection(connection, { role: 'client' }));
  }

  /** Over SPDY/3.1 within a WebSocket, as kubectl does since 1.31. Throws an `Error` when the server refuses. */
  static async overWebSocket(
    environment: Timers & RandomSource,
    target: HttpTarget,
    path: string,
  ): Promise<PortForwardClient> {
    const handshake = clientHandshake(environment, [tunnelledPortForward]);
    const answer = await target.upgrade({ method: 'GET', path, headers: handshake.headers });
    const { connection, headers } = await upgraded(answer);
    handshake.protocolOf(headers);
    const tunnel = webSocketTunnel(connection, environment);
    return new PortForwardClient(environment, new SpdyConnection(tunnel, { role: 'client' }));
  }

  get closed(): Promise<void> {
    return this.#connection.closed;
  }

  /** One more connection to this port. Throws an `Error` when the server does not accept it. */
  async connect(port: number): Promise<PortConnection> {
    const headers = { port: String(port), requestid: String(this.#requests++) };
    const error = this.#connection.createStream({ ...headers, streamtype: 'error' });
    error.end();
    const data = this.#connection.createStream({ ...headers, streamtype: 'data' });
    const late = () => this.#connection.destroy(new Error('timed out waiting for the server to accept a connection'));
    const timer = this.#environment.setTimer(acceptMs, late);
    try {
      await Promise.all([error.replied, data.replied]);
    } catch (cause) {
      error.destroy();
      data.destroy();
      throw cause;
    } finally {
      timer.cancel();
    }
    const said = text(error).catch(() => '');
    return { data, ended: said.then((words) => (words === '' ? undefined : words)) };
  }

  close(): void {
    this.#connection.close();
  }
}

async function upgraded(answer: UpgradeResponse): Promise<Extract<UpgradeResponse, { readonly status: 101 }>> {
  if (answer.connection !== undefined) return answer;
  const body = 'body' in answer ? await readHttpText(answer.body, 64 * 1024).catch(() => '') : '';
  throw new Error(`unable to upgrade connection: ${body.trim() || `status ${answer.status}`}`);
}
