const varint = 0;
const fixed64 = 1;
const lengthDelimited = 2;
/** A UTF-16 code unit takes no more bytes than this in UTF-8. */
const mostBytesPerUnit = 3;
const longestVarint = 10;
/** Shorter texts, which most are, are faster copied unit by unit than handed to an encoder. */
const shortText = 40;
const startingSize = 1024;
/** A buffer that has grown beyond this is not kept for the next message. */
const largestKept = 1024 * 1024;

const encoder = new TextEncoder();

/**
 * Writes protobuf messages field by field into one buffer that grows. `string`, `strings` and `bool` leave out what is zero or not there, as
 * proto3 has it; everything else is written as it is given. `finish` gives the message, and the next one can begin.
 */
export class ProtobufWriter {
  #buffer = new Uint8Array(startingSize);
  #length = 0;

  string(field: number, text: string | undefined): void {
    if (text !== undefined && text !== '') this.text(field, text);
  }

  /** A repeated string: an empty one counts there. */
  strings(field: number, texts: readonly string[] | undefined): void {
    for (const text of texts ?? []) this.text(field, text);
  }

  bool(field: number, value: boolean | undefined): void {
    if (value === true) this.integer(field, 1);
  }

  text(field: number, text: string): void {
    this.#varint(field * 8 + lengthDelimited);
    const start = this.#length;
    this.#reserve(longestVarint + text.length * mostBytesPerUnit);
    if (text.length < shortText && this.#ascii(text, start + 1)) {
      this.#buffer[start] = text.length;
      this.#length = start + 1 + text.length;
      return;
    }
    const room = varintLength(text.length);
    this.#length = start + room;
    this.#length += encoder.encodeInto(text, this.#buffer.subarray(this.#length)).written;
    this.#prefixLength(start, room);
  }

  /** A number of 64 bits, or a smaller one: negative ones are as long as the longest. */
  integer(field: number, value: number): void {
    this.#varint(field * 8 + varint);
    this.#varint(value);
  }

  double(field: number, value: number): void {
    this.#varint(field * 8 + fixed64);
    this.#reserve(8);
    new DataView(this.#buffer.buffer).setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** Only what stands before a value of so many bytes, which the caller puts behind it. */
  delimited(field: number, length: number): void {
    this.#varint(field * 8 + lengthDelimited);
    this.#varint(length);
  }

  bytes(field: number, bytes: Uint8Array): void {
    this.delimited(field, bytes.length);
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A message is written even when it is empty: that it is there says something. `write` gets this same writer. */
  message(field: number, write: (writer: ProtobufWriter) => void): void {
    const start = this.open(field);
    write(this);
    this.close(start);
  }

  /** Begins a message within this one; `close` takes the answer. */
  open(field: number): number {
    this.#varint(field * 8 + lengthDelimited);
    this.#reserve(1);
    return this.#length++;
  }

  close(start: number): void {
    this.#prefixLength(start, 1);
  }

  finish(): Uint8Array<ArrayBuffer> {
    const message = this.#buffer.slice(0, this.#length);
    this.#length = 0;
    if (this.#buffer.length > largestKept) this.#buffer = new Uint8Array(startingSize);
    return message;
  }

  /** False when the text turned out to be no ASCII. */
  #ascii(text: string, at: number): boolean {
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index);
      if (unit >= 0x80) return false;
      this.#buffer[at + index] = unit;
    }
    return true;
  }

  /** Puts the length of what stands after `start` and the room left for it there: only now is it known how many bytes it takes. */
  #prefixLength(start: number, room: number): void {
    const size = this.#length - start - room;
    const needed = varintLength(size);
    const end = this.#length + needed - room;
    if (needed !== room) {
      this.#reserve(longestVarint);
      this.#buffer.copyWithin(start + needed, start + room, this.#length);
    }
    this.#length = start;
    this.#varint(size);
    this.#length = end;
  }

  #varint(value: number): void {
    this.#reserve(longestVarint);
    let rest = value;
    if (rest < 0 || rest >= 2 ** 31) rest = this.#highVarint(value);
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#buffer[this.#length++] = rest;
  }

  /** Writes as much of a number as does not fit into 31 bits, in halves, for bitwise operators know 32 bits only; gives the rest. */
  #highVarint(value: number): number {
    const isLargest = value >= 2 ** 63;
    let low = isLargest ? 0xffffffff : value >>> 0;
    let high = isLargest ? 0x7fffffff : Math.floor(value / 2 ** 32) >>> 0;
    while (high > 0) {
      this.#buffer[this.#length++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    return low;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) length++;
  return length;
}
