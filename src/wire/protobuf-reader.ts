/** Bytes that are no protobuf message. The text is that of Kubernetes' own reader where it has one for the case. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
}

const varint = 0;
const fixed64 = 1;
const lengthDelimited = 2;
const startGroup = 3;
const endGroup = 4;
const fixed32 = 5;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Goes through the fields of a message in their order. What of a field is not read is passed over, so that unknown ones cost nothing.
 * All throw `ProtobufError` for bytes that are no message, and for a field that is written in another way than it is read.
 */
export class ProtobufReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #field = 0;
  #wireType = varint;
  /** Whether `#at` stands before the value of the current field. */
  #pending = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get field(): number {
    return this.#field;
  }

  /** Whether the value of the current field has a length of its own: a text, bytes, a message, or packed numbers. */
  get isDelimited(): boolean {
    return this.#wireType === lengthDelimited;
  }

  /** Goes on to the next field; false when there is none. */
  next(): boolean {
    if (this.#pending) this.#skip(this.#wireType);
    this.#pending = false;
    if (this.#at >= this.#bytes.length) return false;
    const tag = this.#varint();
    this.#field = Math.floor(tag / 8);
    this.#wireType = tag & 7;
    if (this.#wireType === endGroup) throw new ProtobufError('proto: wiretype end group for non-group');
    if (this.#field < 1 || this.#field >= 2 ** 29)
      throw new ProtobufError(`proto: illegal tag ${this.#field} (wire type ${this.#wireType})`);
    this.#pending = true;
    return true;
  }

  /** Integers of 64 bits are signed, and beyond 2^53 only as exact as a number can be. */
  integer(): number {
    this.#take(varint);
    return this.#varint();
  }

  double(): number {
    this.#take(fixed64);
    const { buffer, byteOffset } = this.#slice(8);
    return new DataView(buffer, byteOffset).getFloat64(0, true);
  }

  bytes(): Uint8Array {
    this.#take(lengthDelimited);
    return this.#slice(this.#length());
  }

  text(): string {
    return decoder.decode(this.bytes());
  }

  message(): ProtobufReader {
    return new ProtobufReader(this.bytes());
  }

  /** The integers of a packed field. */
  packed(): readonly number[] {
    const inner = this.message();
    const values: number[] = [];
    while (inner.#at < inner.#bytes.length) values.push(inner.#varint());
    return values;
  }

  #take(wireType: number): void {
    if (this.#wireType !== wireType)
      throw new ProtobufError(`proto: wrong wireType = ${this.#wireType} for field ${this.#field}`);
    this.#pending = false;
  }

  #skip(wireType: number): void {
    switch (wireType) {
      case varint:
        this.#varint();
        break;
      case fixed64:
        this.#slice(8);
        break;
      case lengthDelimited:
        this.#slice(this.#length());
        break;
      case startGroup:
        this.#skipGroup();
        break;
      case fixed32:
        this.#slice(4);
        break;
      default:
        throw new ProtobufError(`proto: illegal wireType ${wireType}`);
    }
  }

  #skipGroup(): void {
    for (let depth = 1; depth > 0; ) {
      const wireType = this.#varint() & 7;
      if (wireType === startGroup) depth++;
      else if (wireType === endGroup) depth--;
      else this.#skip(wireType);
    }
  }

  #length(): number {
    const length = this.#varint();
    if (length < 0) throw new ProtobufError('proto: negative length found during unmarshaling');
    return length;
  }

  #slice(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new ProtobufError('unexpected EOF');
    const slice = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return slice;
  }

  /** In two halves, for bitwise operators know 32 bits only. */
  #varint(): number {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw new ProtobufError('unexpected EOF');
      this.#at++;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) return (high | 0) * 2 ** 32 + (low >>> 0);
    }
    throw new ProtobufError('proto: integer overflow');
  }
}
