const varint = 0;
const lengthDelimited = 2;
/** A UTF-16 code unit takes no more bytes than this in UTF-8. */
const mostBytesPerUnit = 3;
const longestVarint = 8;

const encoder = new TextEncoder();

/**
 * Writes a protobuf message field by field into one buffer that grows. What holds its zero value is left out, as proto3 has it.
 */
export class ProtobufWriter {
  #buffer = new Uint8Array(1024);
  #length = 0;

  string(field: number, text: string | undefined): void {
    if (text !== undefined && text !== '') this.#text(field, text);
  }

  /** A repeated string: an empty one counts there. */
  strings(field: number, texts: readonly string[] | undefined): void {
    for (const text of texts ?? []) this.#text(field, text);
  }

  bool(field: number, value: boolean | undefined): void {
    if (value !== true) return;
    this.#varint(field * 8 + varint);
    this.#varint(1);
  }

  /** A message is written even when it is empty: that it is there says something. `write` gets this same writer. */
  message(field: number, write: (writer: ProtobufWriter) => void): void {
    this.#varint(field * 8 + lengthDelimited);
    const start = this.#length;
    write(this);
    this.#prefixLength(start);
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(0, this.#length);
  }

  #text(field: number, text: string): void {
    this.#varint(field * 8 + lengthDelimited);
    const start = this.#length;
    this.#reserve(text.length * mostBytesPerUnit);
    this.#length += encoder.encodeInto(text, this.#buffer.subarray(start)).written;
    this.#prefixLength(start);
  }

  /** Puts the length of what was written since `start` before it: only now is it known how many bytes the length takes. */
  #prefixLength(start: number): void {
    const end = this.#length;
    const room = varintLength(end - start);
    this.#reserve(room);
    this.#buffer.copyWithin(start + room, start, end);
    this.#length = start;
    this.#varint(end - start);
    this.#length = end + room;
  }

  #varint(value: number): void {
    this.#reserve(longestVarint);
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest % 0x80) + 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#length++] = rest;
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
  for (let rest = Math.floor(value / 0x80); rest > 0; rest = Math.floor(rest / 0x80)) length++;
  return length;
}
