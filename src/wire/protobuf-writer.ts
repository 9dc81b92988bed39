const varint = 0;
const lengthDelimited = 2;

const encoder = new TextEncoder();

/** Writes a protobuf message field by field; a message in it is a writer of its own. What holds its zero value is left out, as proto3 has it. */
export class ProtobufWriter {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  string(field: number, text: string | undefined): void {
    if (text !== undefined && text !== '') this.#bytes(field, encoder.encode(text));
  }

  /** A repeated string: an empty one counts there. */
  strings(field: number, texts: readonly string[] | undefined): void {
    for (const text of texts ?? []) this.#bytes(field, encoder.encode(text));
  }

  bool(field: number, value: boolean | undefined): void {
    if (value !== true) return;
    this.#varint(field * 8 + varint);
    this.#varint(1);
  }

  /** A message is written even when it is empty: that it is there says something. */
  message(field: number, write: (writer: ProtobufWriter) => void): void {
    const inner = new ProtobufWriter();
    write(inner);
    this.#varint(field * 8 + lengthDelimited);
    this.#varint(inner.#length);
    for (const chunk of inner.#chunks) this.#push(chunk);
  }

  finish(): Uint8Array<ArrayBuffer> {
    const message = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      message.set(chunk, at);
      at += chunk.length;
    }
    return message;
  }

  #bytes(field: number, bytes: Uint8Array): void {
    this.#varint(field * 8 + lengthDelimited);
    this.#varint(bytes.length);
    this.#push(bytes);
  }

  #varint(value: number): void {
    const bytes: number[] = [];
    let rest = value;
    while (rest >= 0x80) {
      bytes.push((rest % 0x80) + 0x80);
      rest = Math.floor(rest / 0x80);
    }
    bytes.push(rest);
    this.#push(Uint8Array.from(bytes));
  }

  #push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }
}
