import { Duplex } from 'node:stream';
import type { SpdyHeaders } from './header-block.ts';

/** What a stream needs of its connection. */
export interface StreamPort {
  /** `sent` is called when more may be written. */
  data(stream: SpdyStream, data: Uint8Array, sent: (error?: Error) => void): void;
  end(stream: SpdyStream): void;
  reply(stream: SpdyStream, headers: SpdyHeaders): void;
  /** The reader has room again. */
  wanted(stream: SpdyStream): void;
  closed(stream: SpdyStream, error: Error | null): void;
}

/**
 * One stream of a SPDY connection. A reset by the other side reads as an end, for Kubernetes' own library ends all its streams that
 * way; writing on it fails.
 */
export class SpdyStream extends Duplex {
  readonly id: number;
  /** What it was opened with. */
  readonly headers: SpdyHeaders;
  /** Of a stream that this side opened: resolves to the headers of the answer. */
  readonly replied: Promise<SpdyHeaders>;
  readonly #port: StreamPort;
  readonly #reply = Promise.withResolvers<SpdyHeaders>();
  #ended = false;
  #reset = false;

  constructor(port: StreamPort, id: number, headers: SpdyHeaders) {
    super({ readableHighWaterMark: 64 * 1024, writableHighWaterMark: 64 * 1024 });
    this.id = id;
    this.headers = headers;
    this.#port = port;
    this.replied = this.#reply.promise;
    this.replied.catch(() => undefined);
    // Whoever reads or writes is told; a stream that nobody holds may break without harm.
    this.on('error', () => undefined);
  }

  /** Accepts a stream that the other side opened. Data may be sent only afterwards. */
  reply(headers: SpdyHeaders = {}): void {
    this.#port.reply(this, headers);
  }

  /** Whether the other side has ended it. */
  get remoteEnded(): boolean {
    return this.#ended;
  }

  /** For the connection: the other side accepted the stream. */
  acceptReply(headers: SpdyHeaders): void {
    this.#reply.resolve(headers);
  }

  /** For the connection: data came. False: there is enough for now. */
  acceptData(data: Buffer): boolean {
    return this.#ended || this.push(data);
  }

  /** For the connection: the other side has ended its half. */
  acceptEnd(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.push(null);
  }

  /** For the connection: the other side has ended both halves. */
  acceptReset(reason: Error): void {
    this.#reset = true;
    this.#reply.reject(reason);
    this.acceptEnd();
  }

  override _read(): void {
    this.#port.wanted(this);
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (this.#reset) callback(new Error(`stream ${this.id} was reset by the other side`));
    else this.#port.data(this, chunk, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    if (!this.#reset) this.#port.end(this);
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#reply.reject(error ?? new Error(`stream ${this.id} was closed`));
    this.#port.closed(this, this.#reset ? null : error);
    callback(error);
  }

  /** Whether nothing more needs to be said about it. */
  get isOver(): boolean {
    return this.#reset || (this.#ended && this.writableFinished);
  }
}
