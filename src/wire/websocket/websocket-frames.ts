import type { RandomSource } from '../environment.ts';

/** Close codes (RFC 6455, 7.4.1). */
export const closeCodes = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  invalidText: 1007,
  tooLarge: 1009,
} as const;

/** What the other side sent is no WebSocket, or goes over a bound; `code` says it to the other side. */
export class WebSocketError extends Error {
  override readonly name = 'WebSocketError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export type WebSocketMessage =
  | { readonly type: 'binary' | 'text' | 'ping' | 'pong'; readonly data: Buffer }
  /** `code` 1005 stands for none given. */
  | { readonly type: 'close'; readonly code: number; readonly reason: string };

const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

interface Head {
  readonly final: boolean;
  readonly opcode: number;
  readonly length: number;
  readonly mask: Buffer | undefined;
}

/** Reads messages out of bytes as they come, joining fragments. Throws `WebSocketError`; it is of no use afterwards. */
export class WebSocketReader {
  readonly #expectMask: boolean;
  readonly #limitBytes: number;
  #buffer: Buffer = Buffer.alloc(0);
  #head: Head | undefined;
  #fragments: Buffer[] = [];
  #fragmentedBytes = 0;
  #fragmented: 'binary' | 'text' | undefined;

  /** `role` is the reading side's: clients mask what they send and servers do not. */
  constructor(role: 'client' | 'server', limitBytes: number) {
    this.#expectMask = role === 'server';
    this.#limitBytes = limitBytes;
  }

  push(chunk: Buffer): readonly WebSocketMessage[] {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    const messages: WebSocketMessage[] = [];
    for (;;) {
      this.#head ??= this.#readHead();
      if (this.#head === undefined || this.#buffer.length < this.#head.length) return messages;
      const payload = unmasked(this.#buffer.subarray(0, this.#head.length), this.#head.mask);
      this.#buffer = this.#buffer.subarray(this.#head.length);
      const message = this.#accept(this.#head, payload);
      this.#head = undefined;
      if (message !== undefined) messages.push(message);
    }
  }

  #readHead(): Head | undefined {
    const buffer = this.#buffer;
    if (buffer.length < 2) return undefined;
    const [first = 0, second = 0] = buffer;
    if ((first & 0x70) !== 0) throw protocolError('a frame uses an extension that was not agreed');
    const masked = (second & 0x80) !== 0;
    if (masked !== this.#expectMask)
      throw protocolError(masked ? 'a server masks its frames' : 'a client does not mask its frames');
    const short = second & 0x7f;
    const size = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + (masked ? 4 : 0);
    if (buffer.length < size) return undefined;
    const length = short === 126 ? buffer.readUInt16BE(2) : short === 127 ? Number(buffer.readBigUInt64BE(2)) : short;
    const opcode = first & 0x0f;
    const final = (first & 0x80) !== 0;
    if (opcode >= opcodes.close && (length > 125 || !final))
      throw protocolError('a control frame is long or fragmented');
    if (length + this.#fragmentedBytes > this.#limitBytes)
      throw new WebSocketError(closeCodes.tooLarge, `a message is larger than ${this.#limitBytes} bytes`);
    this.#buffer = buffer.subarray(size);
    return { final, opcode, length, mask: masked ? buffer.subarray(size - 4, size) : undefined };
  }

  #accept(head: Head, payload: Buffer): WebSocketMessage | undefined {
    switch (head.opcode) {
      case opcodes.text:
      case opcodes.binary: {
        if (this.#fragmented !== undefined) throw protocolError('a message begins inside another');
        const type = head.opcode === opcodes.text ? 'text' : 'binary';
        if (head.final) return message(type, payload);
        this.#fragmented = type;
        this.#keep(payload);
        return undefined;
      }
      case opcodes.continuation: {
        const type = this.#fragmented;
        if (type === undefined) throw protocolError('a message goes on that did not begin');
        this.#keep(payload);
        if (!head.final) return undefined;
        const whole = Buffer.concat(this.#fragments);
        this.#fragments = [];
        this.#fragmentedBytes = 0;
        this.#fragmented = undefined;
        return message(type, whole);
      }
      case opcodes.close:
        return closeMessage(payload);
      case opcodes.ping:
        return { type: 'ping', data: payload };
      case opcodes.pong:
        return { type: 'pong', data: payload };
      default:
        throw protocolError(`there is no opcode ${head.opcode}`);
    }
  }

  #keep(payload: Buffer): void {
    // Empty fragments would pile up without ever counting against the bound.
    if (payload.length > 0) this.#fragments.push(payload);
    this.#fragmentedBytes += payload.length;
  }
}

function message(type: 'binary' | 'text', data: Buffer): WebSocketMessage {
  if (type === 'text') textOf(data);
  return { type, data };
}

function closeMessage(payload: Buffer): WebSocketMessage {
  if (payload.length === 0) return { type: 'close', code: 1005, reason: '' };
  if (payload.length === 1) throw protocolError('a close code is cut short');
  return { type: 'close', code: payload.readUInt16BE(0), reason: textOf(payload.subarray(2)) };
}

function textOf(data: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(data);
  } catch {
    throw new WebSocketError(closeCodes.invalidText, 'a text is not UTF-8');
  }
}

function protocolError(message: string): WebSocketError {
  return new WebSocketError(closeCodes.protocolError, message);
}

/** One frame that is a whole message. With an environment it is masked, as a client must. */
export function webSocketFrame(
  type: 'binary' | 'text' | 'ping' | 'pong' | 'close',
  payload: Uint8Array,
  environment: RandomSource | undefined,
): Buffer {
  const { length } = payload;
  const extra = length < 126 ? 0 : length < 0x10000 ? 2 : 8;
  const head = Buffer.alloc(2 + extra);
  head[0] = 0x80 | opcodes[type];
  head[1] = (environment === undefined ? 0 : 0x80) | (extra === 0 ? length : extra === 2 ? 126 : 127);
  if (extra === 2) head.writeUInt16BE(length, 2);
  else if (extra === 8) head.writeBigUInt64BE(BigInt(length), 2);
  if (environment === undefined) return Buffer.concat([head, payload]);
  const mask = Buffer.from(environment.randomBytes(4));
  return Buffer.concat([head, mask, unmasked(Buffer.from(payload), mask)]);
}

/** Masking and unmasking are the same. */
function unmasked(payload: Buffer, mask: Buffer | undefined): Buffer {
  if (mask === undefined) return payload;
  const result = Buffer.allocUnsafe(payload.length);
  for (let at = 0; at < payload.length; at++) result[at] = (payload[at] ?? 0) ^ (mask[at & 3] ?? 0);
  return result;
}
