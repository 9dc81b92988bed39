/** One DER element. */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  /** The element with its tag and length. */
  readonly whole: Buffer;
}

/** Thrown for bytes that are no DER. */
export class DerError extends Error {
  override readonly name = 'DerError';
}

/** Reads the elements that follow one another in `bytes`; throws `DerError` where they do not fill it exactly. */
export function readDer(bytes: Uint8Array): readonly DerElement[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements: DerElement[] = [];
  for (let offset = 0; offset < buffer.length; ) {
    const element = readElement(buffer, offset);
    elements.push(element);
    offset += element.whole.length;
  }
  return elements;
}

/** Reads the element at the start of `bytes`, whatever follows it. */
export function readFirstDer(bytes: Uint8Array): DerElement {
  return readElement(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
}

function readElement(buffer: Buffer, offset: number): DerElement {
  const tag = buffer[offset];
  const first = buffer[offset + 1];
  if (tag === undefined || first === undefined) throw new DerError(`element at byte ${offset} is cut short`);
  if ((tag & 0x1f) === 0x1f) throw new DerError(`element at byte ${offset} has a tag of several bytes`);
  let length = first;
  let header = 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4) throw new DerError(`element at byte ${offset} has a length of ${count} bytes`);
    if (offset + 2 + count > buffer.length) throw new DerError(`element at byte ${offset} is cut short`);
    length = buffer.readUIntBE(offset + 2, count);
    header += count;
  }
  const end = offset + header + length;
  if (end > buffer.length) throw new DerError(`element at byte ${offset} is cut short`);
  return { tag, content: buffer.subarray(offset + header, end), whole: buffer.subarray(offset, end) };
}

/** The dotted form of an OBJECT IDENTIFIER's content. */
export function readObjectIdentifier(content: Uint8Array): string {
  const numbers: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (!Number.isSafeInteger(value)) throw new DerError('object identifier is too large');
    if ((byte & 0x80) !== 0) continue;
    if (numbers.length === 0) {
      const first = Math.min(2, Math.floor(value / 40));
      numbers.push(first, value - first * 40);
    } else numbers.push(value);
    value = 0;
  }
  return numbers.join('.');
}

/** Milliseconds since 1970 UTC of a UTCTime or GeneralizedTime. */
export function readTime(element: DerElement): number {
  const text = element.content.toString('latin1');
  const match =
    element.tag === 0x17
      ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
      : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) throw new DerError(`"${text}" is no time`);
  const [year = 0, month = 0, ...rest] = match.slice(1).map(Number);
  const century = element.tag === 0x17 ? (year < 50 ? 2000 : 1900) : 0;
  return Date.UTC(century + year, month - 1, ...(rest as [number, number, number, number]));
}

/** The text of any of the string types that names are written in. */
export function readText(element: DerElement): string {
  switch (element.tag) {
    case 0x0c: // UTF8String
      return element.content.toString('utf8');
    case 0x13: // PrintableString
    case 0x14: // TeletexString
    case 0x16: // IA5String
      return element.content.toString('latin1');
    case 0x1e: // BMPString
      return Buffer.from(element.content).swap16().toString('utf16le');
    default:
      throw new DerError(`element of tag ${element.tag} is no text`);
  }
}
