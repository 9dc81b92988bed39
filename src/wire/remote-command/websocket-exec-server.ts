import { type Duplex, Readable, Writable } from 'node:stream';
import { connectionPair } from '../connection-pair.ts';
import type { Timers } from '../environment.ts';
import type { HttpRequest } from '../http.ts';
import { ChannelCodec, channelProtocols, channels } from '../websocket/channel-protocol.ts';
import { WebSocketConnection } from '../websocket/websocket-connection.ts';
import { acceptHandshake } from '../websocket/websocket-handshake.ts';
import { type AcceptedExec, lingerMs } from './accepted-exec.ts';
import { formatStatus } from './exec-status.ts';
import type { ExecOutcome, ExecStreams, StreamOptions, TerminalSize } from './exec-streams.ts';
import { ResizeEvents } from './resize-events.ts';

/** Bytes of one message: as much as Kubernetes sends in one. */
const messageBytes = 32 * 1024;

/** Answers the handshake for one of Kubernetes' channel protocols; the command's streams are there at once. */
export function acceptWebSocketExec(environment: Timers, request: HttpRequest, options: StreamOptions): AcceptedExec {
  const handshake = acceptHandshake(request, channelProtocols);
  if (handshake.protocol === undefined) return { response: handshake };
  const [inner, outer] = connectionPair();
  const streams = new WebSocketExecStreams(environment, inner, handshake.protocol, options);
  return {
    response: { status: 101, headers: handshake.headers, connection: outer },
    streams: Promise.resolve(streams),
  };
}

class WebSocketExecStreams implements ExecStreams {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  readonly closed: AbortSignal;
  readonly #environment: Timers;
  readonly #protocol: string;
  readonly #codec: ChannelCodec;
  readonly #connection: WebSocketConnection;
  readonly #resizes = new ResizeEvents();
  #stdinEnded = false;

  constructor(environment: Timers, socket: Duplex, protocol: string, options: StreamOptions) {
    this.#environment = environment;
    this.#protocol = protocol;
    this.#codec = new ChannelCodec(protocol);
    this.#connection = new WebSocketConnection(socket, {
      idle: environment,
      onMessage: (data) => this.#accept(data),
    });
    this.stdin = options.stdin ? new Readable({ read: () => this.#connection.resume() }) : undefined;
    this.stdin?.on('error', () => undefined);
    this.stdout = options.stdout ? this.#writable(channels.stdout) : undefined;
    this.stderr = options.stderr && !options.tty ? this.#writable(channels.stderr) : undefined;
    const closed = new AbortController();
    this.closed = closed.signal;
    void this.#connection.closed.then(() => {
      this.#acceptStdin(Buffer.alloc(0), true);
      closed.abort(new Error('the client closed the connection'));
    });
    // An empty message tells the client that the command's streams stand.
    const first = options.stdout ? channels.stdout : options.stderr ? channels.stderr : channels.error;
    this.#send(first, Buffer.alloc(0), () => undefined);
  }

  onResize(callback: (size: TerminalSize) => void): void {
    this.#resizes.onResize(callback);
  }

  finish(outcome: ExecOutcome): void {
    const status = formatStatus(outcome, this.#protocol);
    if (status.length > 0) this.#send(channels.error, status, () => undefined);
    this.#connection.close();
    const timer = this.#environment.setTimer(lingerMs, () => this.#connection.destroy());
    void this.#connection.closed.then(() => timer.cancel());
  }

  #accept(message: Buffer): void {
    const frame = this.#codec.decode(message);
    if (frame?.channel === channels.stdin) this.#acceptStdin(frame.data, frame.end);
    else if (frame?.channel === channels.resize) this.#resizes.push(frame.data);
  }

  #acceptStdin(data: Buffer, end: boolean): void {
    const { stdin } = this;
    if (stdin === undefined || this.#stdinEnded || stdin.destroyed) return;
    if (data.length > 0 && !stdin.push(data)) this.#connection.pause();
    if (!end) return;
    this.#stdinEnded = true;
    stdin.push(null);
  }

  #send(channel: number, data: Uint8Array, sent: (error?: Error) => void): void {
    this.#connection.send(this.#codec.encode(channel, data), this.#codec.messageType, sent);
  }

  #writable(channel: number): Writable {
    const write = (chunk: Buffer, callback: (error?: Error | null) => void): void => {
      const rest = chunk.subarray(messageBytes);
      this.#send(channel, chunk.subarray(0, messageBytes), (error) =>
        error !== undefined || rest.length === 0 ? callback(error) : write(rest, callback),
      );
    };
    const stream = new Writable({ write: (chunk: Buffer, _, callback) => write(chunk, callback) });
    return stream.on('error', () => undefined);
  }
}
