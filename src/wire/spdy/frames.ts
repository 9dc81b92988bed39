import type { SpdyHeaders } from './header-block.ts';
import { HeaderPacker, HeaderUnpacker } from './header-block.ts';
import { SpdyError } from './spdy-error.ts';

/** What a connection carries. The data of one frame may come in several pieces, of which only the last may be `fin`. */
export type SpdyFrame =
  | { readonly type: 'data'; readonly streamId: number; readonly fin: boolean; readonly data: Buffer }
  | { readonly type: 'synStream'; readonly streamId: number; readonly fin: boolean; readonly headers: SpdyHeaders }
  | { readonly type: 'synReply'; readonly streamId: number; readonly fin: boolean; readonly headers: SpdyHeaders }
  | { readonly type: 'headers'; readonly streamId: number; readonly fin: boolean; readonly headers: SpdyHeaders }
  | { readonly type: 'rstStream'; readonly streamId: number; readonly status: number }
  | { readonly type: 'settings'; readonly initialWindow: number | undefined }
  | { readonly type: 'ping'; readonly id: number }
  | { readonly type: 'goAway'; readonly lastStreamId: number }
  | { readonly type: 'windowUpdate'; readonly streamId: number; readonly delta: number };

const types = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

const finFlag = 1;
const initialWindowSetting = 7;
/** Control frames are read whole. */
const controlBytes = 64 * 1024;
const idMask = 0x7fff_ffff;

interface Pending {
  readonly control: boolean;
  /** Of a control frame its type, of a data frame its stream. */
  readonly number: number;
  readonly flags: number;
  remaining: number;
}

/** Reads frames out of bytes as they come. Throws `SpdyError`; it is of no use afterwards. */
export class SpdyFrameReader {
  readonly #headers = new HeaderUnpacker();
  #buffer: Buffer = Buffer.alloc(0);
  #pending: Pending | undefined;

  push(chunk: Buffer): readonly SpdyFrame[] {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    const frames: SpdyFrame[] = [];
    for (;;) {
      this.#pending ??= this.#readHead();
      if (this.#pending === undefined) return frames;
      const { control, remaining } = this.#pending;
      if (control ? this.#buffer.length < remaining : this.#buffer.length === 0 && remaining > 0) return frames;
      const frame = control ? this.#readControl(this.#pending) : this.#readData(this.#pending);
      if (frame !== undefined) frames.push(frame);
    }
  }

  #take(length: number): Buffer {
    const taken = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    return taken;
  }

  #readHead(): Pending | undefined {
    if (this.#buffer.length < 8) return undefined;
    const head = this.#take(8);
    const first = head.readUInt32BE(0);
    const flags = head.readUInt8(4);
    const remaining = head.readUIntBE(5, 3);
    if (first <= idMask) {
      if (first === 0) throw new SpdyError('a data frame has no stream');
      return { control: false, number: first, flags, remaining };
    }
    const version = (first >>> 16) & 0x7fff;
    if (version !== 3) throw new SpdyError(`a control frame is of version ${version}`);
    if (remaining > controlBytes) throw new SpdyError(`a control frame has ${remaining} bytes`);
    return { control: true, number: first & 0xffff, flags, remaining };
  }

  #readData(pending: Pending): SpdyFrame {
    const data = this.#take(pending.remaining);
    pending.remaining -= data.length;
    const last = pending.remaining === 0;
    if (last) this.#pending = undefined;
    return { type: 'data', streamId: pending.number, fin: last && (pending.flags & finFlag) !== 0, data };
  }

  #readControl(pending: Pending): SpdyFrame | undefined {
    const payload = this.#take(pending.remaining);
    this.#pending = undefined;
    const fin = (pending.flags & finFlag) !== 0;
    const word = (offset: number) => {
      if (offset + 4 > payload.length) throw new SpdyError(`a control frame of type ${pending.number} is cut short`);
      return payload.readUInt32BE(offset);
    };
    const id = (offset: number) => word(offset) & idMask;
    const headers = (offset: number) => this.#headers.unpack(payload.subarray(offset));
    switch (pending.number) {
      case types.synStream:
        id(4);
        return { type: 'synStream', streamId: id(0), fin, headers: headers(10) };
      case types.synReply:
        return { type: 'synReply', streamId: id(0), fin, headers: headers(4) };
      case types.headers:
        return { type: 'headers', streamId: id(0), fin, headers: headers(4) };
      case types.rstStream:
        return { type: 'rstStream', streamId: id(0), status: word(4) };
      case types.settings:
        return { type: 'settings', initialWindow: initialWindowOf(payload, word) };
      case types.ping:
        return { type: 'ping', id: word(0) };
      case types.goAway:
        return { type: 'goAway', lastStreamId: id(0) };
      case types.windowUpdate:
        return { type: 'windowUpdate', streamId: id(0), delta: id(4) };
      default:
        // Unknown control frames are passed over (2.2.1).
        return undefined;
    }
  }
}

function initialWindowOf(payload: Buffer, word: (offset: number) => number): number | undefined {
  const count = word(0);
  if (payload.length !== 4 + count * 8) throw new SpdyError('a settings frame has another length than it says');
  for (let offset = 4; offset < payload.length; offset += 8) {
    if ((word(offset) & 0xff_ffff) === initialWindowSetting) return word(offset + 4);
  }
  return undefined;
}

/** Writes the frames of one direction. */
export class SpdyFrameWriter {
  readonly #headers = new HeaderPacker();

  data(streamId: number, fin: boolean, data: Uint8Array): Buffer {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(streamId, 0);
    head.writeUInt8(fin ? finFlag : 0, 4);
    head.writeUIntBE(data.length, 5, 3);
    return Buffer.concat([head, data]);
  }

  synStream(streamId: number, headers: SpdyHeaders): Buffer {
    return control(types.synStream, words(streamId, 0), Buffer.alloc(2), this.#headers.pack(headers));
  }

  synReply(streamId: number, headers: SpdyHeaders): Buffer {
    return control(types.synReply, words(streamId), this.#headers.pack(headers));
  }

  rstStream(streamId: number, status: number): Buffer {
    return control(types.rstStream, words(streamId, status));
  }

  ping(id: number): Buffer {
    return control(types.ping, words(id));
  }

  /** `status` 0: an orderly end; 1: a protocol error. */
  goAway(lastStreamId: number, status: 0 | 1): Buffer {
    return control(types.goAway, words(lastStreamId, status));
  }

  windowUpdate(streamId: number, delta: number): Buffer {
    return control(types.windowUpdate, words(streamId, delta));
  }
}

function control(type: number, ...parts: readonly Buffer[]): Buffer {
  const payload = Buffer.concat(parts);
  const head = Buffer.alloc(8);
  head.writeUInt16BE(0x8003, 0);
  head.writeUInt16BE(type, 2);
  head.writeUIntBE(payload.length, 5, 3);
  return Buffer.concat([head, payload]);
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}
