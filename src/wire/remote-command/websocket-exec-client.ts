import { PassThrough, Writable } from 'node:stream';
import type { RandomSource } from '../environment.ts';
import type { HttpTarget } from '../http.ts';
import { readHttpText } from '../http-body.ts';
import { ChannelCodec, channels } from '../websocket/channel-protocol.ts';
import { WebSocketConnection } from '../websocket/websocket-connection.ts';
import { clientHandshake } from '../websocket/websocket-handshake.ts';
import { parseStatus } from './exec-status.ts';
import type { ExecClientSession, StreamOptions } from './exec-streams.ts';
import { formatResize } from './resize-events.ts';
import { writerOf } from './writer-of.ts';

const messageBytes = 32 * 1024;

/** A Status is short; more on the error channel is not kept. */
const statusBytes = 64 * 1024;

/**
 * Runs a command over a WebSocket, as kubectl does since 1.31. `path` has the command in its query. Throws an `Error` when the server
 * refuses.
 */
export async function webSocketExec(
  environment: RandomSource,
  target: HttpTarget,
  path: string,
  options: StreamOptions,
  signal?: AbortSignal,
): Promise<ExecClientSession> {
  const handshake = clientHandshake(environment, ['v5.channel.k8s.io', 'v4.channel.k8s.io']);
  const answer = await target.upgrade({ method: 'GET', path, headers: handshake.headers, signal });
  if (answer.connection === undefined) {
    const body = 'body' in answer ? await readHttpText(answer.body, 64 * 1024).catch(() => '') : '';
    throw new Error(`unable to upgrade connection: ${body.trim() || `status ${answer.status}`}`);
  }
  try {
    const codec = new ChannelCodec(handshake.protocolOf(answer.headers));
    return session(environment, answer.connection, codec, options);
  } catch (error) {
    answer.connection.destroy();
    throw error;
  }
}

function session(
  environment: RandomSource,
  socket: ConstructorParameters<typeof WebSocketConnection>[0],
  codec: ChannelCodec,
  options: StreamOptions,
): ExecClientSession {
  const stdout = options.stdout ? new PassThrough() : undefined;
  const stderr = options.stderr && !options.tty ? new PassThrough() : undefined;
  let status = Buffer.alloc(0);
  const connection = new WebSocketConnection(socket, {
    environment,
    onMessage: (message) => {
      const frame = codec.decode(message);
      if (frame === undefined || frame.data.length === 0) return;
      const stream =
        frame.channel === channels.stdout ? stdout : frame.channel === channels.stderr ? stderr : undefined;
      if (stream !== undefined && !stream.destroyed && !stream.write(frame.data)) {
        connection.pause();
        stream.once('drain', () => connection.resume());
        stream.once('close', () => connection.resume());
      }
      if (frame.channel === channels.error) status = Buffer.concat([status, frame.data]).subarray(0, statusBytes);
    },
  });
  const send = (channel: number, data: Uint8Array, sent: (error?: Error | null) => void) =>
    connection.send(codec.encode(channel, data), codec.messageType, sent);
  const exit = connection.closed.then(() => {
    stdout?.end();
    stderr?.end();
    return parseStatus(status.toString('utf8'));
  });
  exit.catch(() => undefined);
  return {
    stdin: options.stdin ? writerOf(stdinStream(connection, codec, send)) : undefined,
    stdout,
    stderr,
    resize: (width, height) => send(channels.resize, formatResize({ width, height }), () => undefined),
    exit,
    close: () => connection.destroy(),
  };
}

function stdinStream(
  connection: WebSocketConnection,
  codec: ChannelCodec,
  send: (channel: number, data: Uint8Array, sent: (error?: Error | null) => void) => void,
): Writable {
  const write = (chunk: Buffer, callback: (error?: Error | null) => void): void => {
    const rest = chunk.subarray(messageBytes);
    send(channels.stdin, chunk.subarray(0, messageBytes), (error) =>
      error || rest.length === 0 ? callback(error) : write(rest, callback),
    );
  };
  const stream = new Writable({
    write: (chunk: Buffer, _, callback) => write(chunk, callback),
    final: (callback) => {
      const end = codec.encodeEnd(channels.stdin);
      // Version 4 cannot say that stdin has ended.
      if (end === undefined) callback();
      else connection.send(end, codec.messageType, callback);
    },
  });
  return stream.on('error', () => undefined);
}
