import { Duplex } from 'node:stream';
import type { RandomSource } from '../environment.ts';
import { WebSocketConnection } from './websocket-connection.ts';

/** As much as one message carries. */
const messageBytes = 32 * 1024;

/**
 * A WebSocket whose binary messages are one stream of bytes, however they are cut: another protocol is spoken inside (KEP-4006). The
 * end of either direction ends both, for a WebSocket has no half-close. `environment` is given for the client's side.
 */
export function webSocketTunnel(socket: Duplex, environment?: RandomSource): Duplex {
  const connection = new WebSocketConnection(socket, {
    environment,
    onMessage: (data, type) => {
      if (type !== 'binary') tunnel.destroy(new Error('a tunnel carries binary messages alone'));
      else if (!tunnel.push(data)) connection.pause();
    },
  });
  const write = (chunk: Buffer, callback: (error?: Error | null) => void): void => {
    const rest = chunk.subarray(messageBytes);
    connection.send(chunk.subarray(0, messageBytes), 'binary', (error) =>
      error !== undefined || rest.length === 0 ? callback(error) : write(rest, callback),
    );
  };
  const tunnel: Duplex = new Duplex({
    read: () => connection.resume(),
    write: (chunk: Buffer, _, callback) => write(chunk, callback),
    final: (callback) => {
      connection.close();
      callback();
    },
    destroy: (error, callback) => {
      if (error === null) connection.close();
      else connection.destroy();
      callback(error);
    },
  });
  void connection.closed.then(() => {
    tunnel.push(null);
    if (!tunnel.writableEnded) tunnel.end();
    // Nobody may be reading any more, and nothing more comes.
    if (tunnel.readableLength === 0) tunnel.destroy();
  });
  return tunnel.on('error', () => undefined);
}
