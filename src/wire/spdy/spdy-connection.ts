import type { Duplex } from 'node:stream';
import type { Timers } from '../environment.ts';
import { IdleBound } from '../idle-bound.ts';
import { onceDrained } from '../once-drained.ts';
import { type SpdyFrame, SpdyFrameReader, SpdyFrameWriter } from './frames.ts';
import type { SpdyHeaders } from './header-block.ts';
import { SendWindows } from './send-windows.ts';
import { SpdyError, spdyStatus } from './spdy-error.ts';
import { SpdyStream, type StreamPort } from './spdy-stream.ts';

export interface SpdyConnectionOptions {
  readonly role: 'client' | 'server';
  /** Called for each stream that the other side opens: `reply` to it or `destroy` it. Absent: they are refused. */
  readonly onStream?: ((stream: SpdyStream) => void) | undefined;
  /**
   * Whether both sides keep to windows. Kubernetes' own library neither sends nor heeds window updates, so by default nothing is held
   * back but by the connection below.
   */
  readonly flowControl?: boolean | undefined;
  /** Given: the connection ends when it is silent for long. */
  readonly idle?: Timers | undefined;
  /** Streams of the other side that may be open at a time. */
  readonly maximumStreams?: number | undefined;
}

/** Control frames that the other side does not take pile up; this many bytes of them are too many. */
const backlogBytes = 4 * 1024 * 1024;
/** Data of one frame. */
const frameBytes = 32 * 1024;

/**
 * A SPDY/3.1 connection over any duplex stream. Whatever the other side sends, it ends in an orderly way or by `destroy`; nothing
 * is thrown to nobody. When a reader of one stream is slow, and there is no flow control, all of them wait.
 */
export class SpdyConnection {
  /** Resolves when the connection is over, for whatever reason. */
  readonly closed: Promise<void>;
  readonly #socket: Duplex;
  readonly #role: 'client' | 'server';
  readonly #onStream: ((stream: SpdyStream) => void) | undefined;
  readonly #maximumStreams: number;
  readonly #reader = new SpdyFrameReader();
  readonly #writer = new SpdyFrameWriter();
  readonly #streams = new Map<number, SpdyStream>();
  readonly #windows: SendWindows | undefined;
  readonly #idle: IdleBound | undefined;
  /** Streams whose readers have enough: nothing is read while there is one. */
  readonly #full = new Set<SpdyStream>();
  readonly #pings = new Map<number, () => void>();
  /** Bytes received and not yet given back as window, by stream; 0 is the whole connection. */
  readonly #received = new Map<number, number>();
  #nextId: number;
  #nextPing: number;
  #lastRemoteId = 0;
  #goingAway = false;

  constructor(socket: Duplex, options: SpdyConnectionOptions) {
    this.#socket = socket;
    this.#role = options.role;
    this.#onStream = options.onStream;
    this.#maximumStreams = options.maximumStreams ?? 1000;
    this.#windows = options.flowControl === true ? new SendWindows() : undefined;
    this.#idle = options.idle && new IdleBound(options.idle, () => socket.destroy());
    this.#nextId = options.role === 'client' ? 1 : 2;
    this.#nextPing = this.#nextId;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    // Each stream that waits for room listens.
    socket.setMaxListeners(0);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.once('end', () => this.#over());
    socket.once('close', () => {
      this.#idle?.stop();
      this.#over();
    });
    socket.on('error', () => socket.destroy());
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  /** Opens a stream. The other side has it when `replied` resolves; Kubernetes' own drops data that comes before. */
  createStream(headers: SpdyHeaders): SpdyStream {
    const stream = new SpdyStream(this.#port, this.#nextId, headers);
    this.#nextId += 2;
    if (this.#goingAway || this.#socket.destroyed) {
      stream.destroy(new Error('the connection is closing'));
      return stream;
    }
    this.#streams.set(stream.id, stream);
    this.#send(this.#writer.synStream(stream.id, headers));
    return stream;
  }

  /** Resolves when the other side has answered; rejects when the connection ends first. */
  async ping(): Promise<void> {
    const id = this.#nextPing;
    this.#nextPing += 2;
    const answered = new Promise<boolean>((resolve) => this.#pings.set(id, () => resolve(true)));
    this.#send(this.#writer.ping(id));
    if (!(await Promise.race([answered, this.closed.then(() => false)]))) throw new Error('the connection was closed');
  }

  /** Says goodbye and ends this side; what has been written goes out first. */
  close(): void {
    if (this.#goingAway) return;
    this.#goingAway = true;
    this.#send(this.#writer.goAway(this.#lastRemoteId, 0));
    this.#socket.end();
    this.#socket.resume();
  }

  destroy(error?: Error): void {
    this.#socket.destroy(error);
  }

  #send(frame: Buffer): boolean {
    if (this.#socket.destroyed || this.#socket.writableEnded) return true;
    this.#idle?.touch();
    if (this.#socket.writableLength > backlogBytes) {
      this.#socket.destroy(new SpdyError('the other side takes nothing'));
      return true;
    }
    return this.#socket.write(frame);
  }

  #read(chunk: Buffer): void {
    this.#idle?.touch();
    try {
      for (const frame of this.#reader.push(chunk)) {
        if (this.#socket.destroyed) return;
        this.#handle(frame);
      }
    } catch (error) {
      // Said if it can be said at once: a peer that breaks the rules is not waited for.
      this.#send(this.#writer.goAway(this.#lastRemoteId, 1));
      this.#socket.destroy(error as Error);
    }
  }

  #handle(frame: SpdyFrame): void {
    switch (frame.type) {
      case 'synStream':
        this.#opened(frame.streamId, frame.headers, frame.fin);
        return;
      case 'synReply':
        this.#known(frame.streamId)?.acceptReply(frame.headers);
        if (frame.fin) this.#known(frame.streamId)?.acceptEnd();
        return;
      case 'headers':
        if (frame.fin) this.#known(frame.streamId)?.acceptEnd();
        return;
      case 'data':
        this.#data(frame.streamId, frame.data, frame.fin);
        return;
      case 'rstStream': {
        const stream = this.#known(frame.streamId);
        stream?.acceptReset(new SpdyError(`stream ${frame.streamId} was reset with status ${frame.status}`));
        this.#forgetIfOver(stream);
        return;
      }
      case 'ping':
        this.#pinged(frame.id);
        return;
      case 'goAway':
        this.#goingAway = true;
        return;
      case 'windowUpdate':
        if (this.#windows?.update(frame.streamId, frame.delta) === false) this.#overflow(frame.streamId);
        return;
      case 'settings':
        if (frame.initialWindow !== undefined) this.#windows?.setInitial(frame.initialWindow);
    }
  }

  #opened(id: number, headers: SpdyHeaders, fin: boolean): void {
    const ours = (id & 1) === (this.#role === 'client' ? 1 : 0);
    if (id === 0 || ours || id <= this.#lastRemoteId) throw new SpdyError(`stream ${id} cannot be opened`);
    this.#lastRemoteId = id;
    if (this.#goingAway || this.#onStream === undefined || this.#streams.size >= this.#maximumStreams) {
      this.#send(this.#writer.rstStream(id, spdyStatus.refusedStream));
      return;
    }
    const stream = new SpdyStream(this.#port, id, headers);
    this.#streams.set(id, stream);
    if (fin) stream.acceptEnd();
    this.#onStream(stream);
  }

  #data(id: number, data: Buffer, fin: boolean): void {
    const stream = this.#known(id);
    if (this.#windows !== undefined && !this.#countReceived(stream, data.length)) return;
    if (stream === undefined) {
      // It was closed here while this was under way: the room it took is given back.
      this.#giveBack(0);
      return;
    }
    if (!stream.acceptData(data) && this.#windows === undefined) {
      this.#full.add(stream);
      this.#socket.pause();
    }
    if (fin) stream.acceptEnd();
    this.#forgetIfOver(stream);
  }

  /** The stream of this id; undefined when it is over. Throws when there never was one. */
  #known(id: number): SpdyStream | undefined {
    const ours = (id & 1) === (this.#role === 'client' ? 1 : 0);
    if (ours ? id >= this.#nextId : id > this.#lastRemoteId) throw new SpdyError(`there is no stream ${id}`);
    return this.#streams.get(id);
  }

  #pinged(id: number): void {
    const ours = (id & 1) === (this.#role === 'client' ? 1 : 0);
    if (!ours) {
      this.#send(this.#writer.ping(id));
      return;
    }
    this.#pings.get(id)?.();
    this.#pings.delete(id);
  }

  #overflow(id: number): void {
    if (id === 0) throw new SpdyError('the window of the connection overflows');
    this.#send(this.#writer.rstStream(id, spdyStatus.flowControlError));
    this.#streams.get(id)?.acceptReset(new SpdyError(`the window of stream ${id} overflows`));
  }

  #countReceived(stream: SpdyStream | undefined, length: number): boolean {
    const ofConnection = (this.#received.get(0) ?? 0) + length;
    if (ofConnection > SendWindows.initialBytes) throw new SpdyError('more data than the window of the connection');
    this.#received.set(0, ofConnection);
    if (stream === undefined) return true;
    const ofStream = (this.#received.get(stream.id) ?? 0) + length;
    this.#received.set(stream.id, ofStream);
    if (ofStream <= SendWindows.initialBytes) return true;
    stream.destroy(new SpdyError(`more data than the window of stream ${stream.id}`));
    return false;
  }

  #giveBack(id: number): void {
    const received = this.#received.get(id) ?? 0;
    if (this.#windows === undefined || received === 0) return;
    this.#received.set(id, 0);
    this.#send(this.#writer.windowUpdate(id, received));
  }

  #forgetIfOver(stream: SpdyStream | undefined): void {
    if (stream?.isOver !== true) return;
    this.#streams.delete(stream.id);
    this.#windows?.forget(stream.id);
    this.#received.delete(stream.id);
    this.#resumeWithout(stream);
  }

  #resumeWithout(stream: SpdyStream): void {
    if (this.#full.delete(stream) && this.#full.size === 0) this.#socket.resume();
  }

  /** Nothing more will come. Streams end as if the other side had ended them, unless the connection broke before it had. */
  #over(): void {
    this.#goingAway = true;
    const broken = this.#socket.errored;
    const reason = broken ?? new Error('the connection was closed');
    for (const stream of [...this.#streams.values()]) {
      if (broken !== null && !stream.remoteEnded) stream.destroy(reason);
      else stream.acceptReset(reason);
    }
    this.#streams.clear();
    this.#full.clear();
    if (!this.#socket.writableEnded) this.#socket.end();
    this.#windows?.fail(reason);
  }

  readonly #port: StreamPort = {
    data: (stream, data, sent) => this.#write(stream, data, sent),
    end: (stream) => {
      this.#send(this.#writer.data(stream.id, true, Buffer.alloc(0)));
      // `writableFinished` is true only when this call is over.
      stream.once('finish', () => this.#forgetIfOver(stream));
    },
    reply: (stream, headers) => {
      this.#send(this.#writer.synReply(stream.id, headers));
    },
    wanted: (stream) => {
      this.#resumeWithout(stream);
      if (this.#windows === undefined) return;
      this.#giveBack(0);
      if (!stream.remoteEnded) this.#giveBack(stream.id);
    },
    closed: (stream, error) => {
      if (!this.#streams.delete(stream.id)) return;
      this.#windows?.forget(stream.id);
      this.#received.delete(stream.id);
      this.#resumeWithout(stream);
      if (stream.isOver) return;
      // Everything was read and nothing will be written: an end, where Kubernetes' own would take a reset for a failure.
      if (error === null && stream.remoteEnded) this.#send(this.#writer.data(stream.id, true, Buffer.alloc(0)));
      else this.#send(this.#writer.rstStream(stream.id, error === null ? spdyStatus.cancel : spdyStatus.internalError));
    },
  };

  #write(stream: SpdyStream, data: Uint8Array, sent: (error?: Error) => void): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) {
      sent(new Error('the connection is closed'));
      return;
    }
    if (!this.#streams.has(stream.id)) {
      sent(new Error(`stream ${stream.id} is closed`));
      return;
    }
    const length = Math.min(data.length, frameBytes, this.#windows?.available(stream.id) ?? frameBytes);
    if (length === 0 && data.length > 0) {
      this.#windows?.wait((error) => (error === undefined ? this.#write(stream, data, sent) : sent(error)));
      return;
    }
    this.#windows?.use(stream.id, length);
    const ready = this.#send(this.#writer.data(stream.id, false, data.subarray(0, length)));
    const rest = data.subarray(length);
    const next = () => (rest.length === 0 ? sent() : this.#write(stream, rest, sent));
    if (ready) next();
    else onceDrained(this.#socket, next);
  }
}
