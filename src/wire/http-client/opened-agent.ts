import { Agent } from 'node:http';
import type { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import type { TlsConnectOptions } from './client-tls.ts';

/** Makes node:http use connections that are opened by a function, a new one for each request; with TLS over them when that is asked for. */
export function openedAgent(open: () => Duplex, tls: TlsConnectOptions | undefined): Agent {
  const agent = Object.assign(new Agent({ keepAlive: false }), { protocol: tls === undefined ? 'http:' : 'https:' });
  agent.createConnection = (_, done) => {
    try {
      const opened = open();
      return tls === undefined ? opened : connect({ ...tls, socket: opened });
    } catch (error) {
      // Thrown here it would not be an error of the request.
      done?.(error as Error, undefined as never);
      return undefined;
    }
  };
  return agent;
}
