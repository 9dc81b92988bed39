import { constants, inflateRawSync } from 'node:zlib';
import { spdyDictionary } from './dictionary.ts';
import { SpdyError } from './spdy-error.ts';

/** Header names in lower case; several values of one name are joined by a zero byte. */
export type SpdyHeaders = Readonly<Record<string, string>>;

/** Unpacked; the ones in use have a handful of short names. */
const blockBytes = 64 * 1024;
const pairs = 200;
const windowBytes = 32 * 1024;

/**
 * Unpacks the header blocks of one direction, in order. They are one zlib stream that is flushed after each block, so each block
 * can be inflated by itself once the window behind it is given as the dictionary: in one call, with a bound.
 */
export class HeaderUnpacker {
  #window: Buffer | undefined;

  /** Throws `SpdyError`. */
  unpack(block: Buffer): SpdyHeaders {
    const deflated = this.#window === undefined ? this.#begin(block) : block;
    let text: Buffer;
    try {
      text = inflateRawSync(deflated, {
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: blockBytes,
        ...(this.#window === undefined || this.#window.length === 0 ? {} : { dictionary: this.#window }),
      });
    } catch (error) {
      throw new SpdyError(`a header block cannot be unpacked: ${(error as Error).message}`, { cause: error });
    }
    this.#window = Buffer.concat([this.#window ?? Buffer.alloc(0), text]).subarray(-windowBytes);
    return parseHeaders(text);
  }

  /** The first block begins with zlib's own header, which says whether the dictionary is used. */
  #begin(block: Buffer): Buffer {
    const [method = 0, flags = 0] = block;
    if (block.length < 6 || (method & 0x0f) !== 8 || (method * 256 + flags) % 31 !== 0)
      throw new SpdyError('the first header block is not zlib');
    const hasDictionary = (flags & 0x20) !== 0;
    this.#window = hasDictionary ? spdyDictionary : Buffer.alloc(0);
    return block.subarray(hasDictionary ? 6 : 2);
  }
}

/** The empty block that a flush ends with: Go's reader gives out nothing before it has seen it. */
const syncFlush = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff]);

/**
 * Packs the header blocks of one direction, without compressing them: a stored block is as good a zlib stream as any, headers
 * here are few and short, and nothing secret can be guessed from their packed length.
 */
export class HeaderPacker {
  #begun = false;

  pack(headers: SpdyHeaders): Buffer {
    const text = formatHeaders(headers);
    const parts: Buffer[] = this.#begun ? [] : [Buffer.from([0x78, 0xbb, 0xe3, 0xc6, 0xa7, 0xc2])];
    this.#begun = true;
    for (let at = 0; at < text.length; at += 0xffff) {
      const piece = text.subarray(at, at + 0xffff);
      const head = Buffer.alloc(5);
      head.writeUInt16LE(piece.length, 1);
      head.writeUInt16LE(~piece.length & 0xffff, 3);
      parts.push(head, piece);
    }
    return Buffer.concat([...parts, syncFlush]);
  }
}

function parseHeaders(text: Buffer): SpdyHeaders {
  let at = 0;
  const number = () => {
    if (at + 4 > text.length) throw new SpdyError('a header block is cut short');
    at += 4;
    return text.readUInt32BE(at - 4);
  };
  const string = () => {
    const length = number();
    if (length > text.length - at) throw new SpdyError('a header block is cut short');
    at += length;
    return text.toString('utf8', at - length, at);
  };
  const count = number();
  if (count > pairs) throw new SpdyError(`${count} headers are too many`);
  const headers = new Map<string, string>();
  for (let each = 0; each < count; each++) {
    const name = string();
    if (name === '' || name !== name.toLowerCase()) throw new SpdyError(`"${name}" is no header name`);
    if (headers.has(name)) throw new SpdyError(`the header "${name}" comes twice`);
    headers.set(name, string());
  }
  return Object.fromEntries(headers);
}

function formatHeaders(headers: SpdyHeaders): Buffer {
  const entries = Object.entries(headers);
  const string = (text: string) => {
    const bytes = Buffer.from(text, 'utf8');
    return [number(bytes.length), bytes];
  };
  return Buffer.concat([
    number(entries.length),
    ...entries.flatMap(([name, value]) => [...string(name.toLowerCase()), ...string(value)]),
  ]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
