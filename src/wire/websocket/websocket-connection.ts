import type { Duplex } from 'node:stream';
import type { RandomSource, Timers } from '../environment.ts';
import { IdleBound } from '../idle-bound.ts';
import { onceDrained } from '../once-drained.ts';
import { closeCodes, WebSocketError, WebSocketReader, webSocketFrame } from './websocket-frames.ts';

export interface WebSocketConnectionOptions {
  /** Given for the client's side: it masks its frames. */
  readonly environment?: RandomSource | undefined;
  /** Called for each message; the connection may be paused from within. */
  readonly onMessage: (data: Buffer, type: 'binary' | 'text') => void;
  readonly messageBytes?: number | undefined;
  /** Given: the connection ends when it is silent for long. */
  readonly idle?: Timers | undefined;
}

/** How it ended: code 1006 stands for a connection that broke or was ended without a word. */
export interface WebSocketEnd {
  readonly code: number;
  readonly reason: string;
}

/** Answers to pings that the other side does not take pile up; this many bytes are too many. */
const backlogBytes = 4 * 1024 * 1024;

/**
 * One side of a WebSocket after its handshake, over any duplex stream. Whatever the other side sends, it ends in an orderly way or by
 * `destroy`; nothing is thrown to nobody.
 */
export class WebSocketConnection {
  /** Resolves when the connection is over, for whatever reason. */
  readonly closed: Promise<WebSocketEnd>;
  readonly #socket: Duplex;
  readonly #environment: RandomSource | undefined;
  readonly #onMessage: (data: Buffer, type: 'binary' | 'text') => void;
  readonly #reader: WebSocketReader;
  readonly #idle: IdleBound | undefined;
  #end: WebSocketEnd = { code: 1006, reason: '' };
  #closing = false;

  constructor(socket: Duplex, options: WebSocketConnectionOptions) {
    this.#socket = socket;
    this.#environment = options.environment;
    this.#onMessage = options.onMessage;
    const role = options.environment === undefined ? 'server' : 'client';
    this.#reader = new WebSocketReader(role, options.messageBytes ?? 1024 * 1024);
    this.#idle = options.idle && new IdleBound(options.idle, () => socket.destroy());
    this.closed = new Promise((resolve) =>
      socket.once('close', () => {
        this.#idle?.stop();
        resolve(this.#end);
      }),
    );
    // Each writer that waits for room listens.
    socket.setMaxListeners(0);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.once('end', () => socket.end());
    socket.on('error', () => socket.destroy());
  }

  /** Sends a message; `sent` is called when more may be sent. */
  send(data: Uint8Array, type: 'binary' | 'text', sent: (error?: Error) => void): void {
    if (this.#closing || this.#socket.destroyed || this.#socket.writableEnded) {
      sent(new Error('the connection is closed'));
      return;
    }
    this.#idle?.touch();
    if (this.#socket.write(webSocketFrame(type, data, this.#environment))) sent();
    else onceDrained(this.#socket, sent);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Says goodbye and ends this side; what has been written goes out first. */
  close(code: number = closeCodes.normal, reason = ''): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#end = { code, reason };
    const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
    payload.writeUInt16BE(code);
    payload.write(reason, 2);
    if (!this.#socket.destroyed && !this.#socket.writableEnded)
      this.#socket.end(webSocketFrame('close', payload.subarray(0, 125), this.#environment));
    this.#socket.resume();
  }

  destroy(error?: Error): void {
    this.#socket.destroy(error);
  }

  #read(chunk: Buffer): void {
    this.#idle?.touch();
    try {
      for (const message of this.#reader.push(chunk)) {
        if (this.#socket.destroyed) return;
        switch (message.type) {
          case 'ping':
            this.#pong(message.data);
            break;
          case 'pong':
            break;
          case 'close':
            if (this.#closing) return;
            this.close(message.code === 1005 ? closeCodes.normal : message.code, '');
            this.#end = { code: message.code, reason: message.reason };
            return;
          default:
            // After the close that this side sent, what still comes is not for anybody.
            if (!this.#closing) this.#onMessage(message.data, message.type);
        }
      }
    } catch (error) {
      const code = error instanceof WebSocketError ? error.code : 1011;
      this.close(code, (error as Error).message.slice(0, 100));
      // The rest of what it sends makes no sense any more.
      this.#socket.destroy(error as Error);
    }
  }

  #pong(data: Buffer): void {
    if (this.#closing || this.#socket.writableEnded) return;
    if (this.#socket.writableLength > backlogBytes) this.#socket.destroy(new Error('the other side takes nothing'));
    else this.#socket.write(webSocketFrame('pong', data, this.#environment));
  }
}
