import type { Duplex } from 'node:stream';
import { connectionPair } from '../../../wire/connection-pair.ts';
import type { PortConnection } from '../../../wire/port-forward/port-connection.ts';

/** A connection to what listens on a port of a sandbox; `listener` undefined: nobody does, which is told in containerd's words. */
export function portSession(
  sandboxId: string,
  port: number,
  listener: ((connection: Duplex) => void) | undefined,
): PortConnection {
  const [data, inside] = connectionPair();
  if (listener === undefined) {
    data.destroy();
    return { data, ended: Promise.resolve(refusal(sandboxId, port)) };
  }
  listener(inside);
  // What listened there has said its last word; nobody waits for that of the other side.
  const ended = new Promise<undefined>((resolve) => {
    data.once('end', () => resolve(undefined));
    data.once('close', () => resolve(undefined));
  });
  return { data, ended };
}

function refusal(sandboxId: string, port: number): string {
  const refused = `dial tcp4 127.0.0.1:${port}: connect: connection refused`;
  return `error forwarding port ${port} to pod ${sandboxId}, uid : failed to execute portforward in network namespace: failed to connect to localhost:${port} inside namespace "${sandboxId}": ${refused}`;
}

const mostHeadBytes = 64 << 10;

/** A server that answers any request over HTTP/1.1 with the name of its pod. */
export function httpListener(podName: string): (connection: Duplex) => void {
  const body = `${podName}\n`;
  const answer = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
  return (connection) => {
    let head = '';
    connection.on('data', (chunk: Buffer) => {
      head += chunk.toString('latin1');
      if (head.length > mostHeadBytes) connection.destroy();
      else if (head.includes('\r\n\r\n') && !connection.writableEnded) connection.end(answer);
    });
    connection.on('end', () => connection.end());
  };
}
