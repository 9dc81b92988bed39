/**
 * The small part of DER (ITU-T X.690) that certificates need. Each function returns one complete element: tag, length, content.
 * Written by hand because a general ASN.1 library costs more than 100 ms at start-up, and works asynchronously, which the
 * virtual world does not wait for.
 */
export const derWriter = {
  sequence: (...parts: readonly Uint8Array[]) => element(0x30, Buffer.concat(parts)),
  set: (...parts: readonly Uint8Array[]) => element(0x31, Buffer.concat(parts)),
  boolean: (value: boolean) => element(0x01, Buffer.of(value ? 0xff : 0)),
  null: () => element(0x05, Buffer.alloc(0)),
  octetString: (content: Uint8Array) => element(0x04, content),
  /** `unused`: how many of the last byte's low bits do not count. */
  bitString: (content: Uint8Array, unused = 0) => element(0x03, Buffer.concat([Buffer.of(unused), content])),
  utf8String: (text: string) => element(0x0c, Buffer.from(text, 'utf8')),
  /** A non-negative integer, big endian. */
  integer: (value: number | Uint8Array) => element(0x02, integerContent(value)),
  objectIdentifier: (dotted: string) => element(0x06, objectIdentifierContent(dotted)),
  time,
  /** `[number]` around whole elements. */
  explicit: (number: number, ...parts: readonly Uint8Array[]) => element(0xa0 | number, Buffer.concat(parts)),
  /** `[number]` in place of a primitive element's own tag. */
  implicit: (number: number, content: Uint8Array) => element(0x80 | number, content),
};

function element(tag: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(tag), lengthBytes(content.length), content]);
}

function lengthBytes(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  if (length < 0x100) return Buffer.of(0x81, length);
  if (length < 0x10000) return Buffer.of(0x82, length >> 8, length & 0xff);
  return Buffer.of(0x83, length >> 16, (length >> 8) & 0xff, length & 0xff);
}

function integerContent(value: number | Uint8Array): Buffer {
  const bytes =
    typeof value === 'number'
      ? Buffer.from(
          value
            .toString(16)
            .padStart(2, '0')
            .replace(/^(.(..)*)$/, '0$1'),
          'hex',
        )
      : Buffer.from(value);
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const trimmed = bytes.subarray(start);
  // The highest bit is the sign.
  return ((trimmed[0] ?? 0) & 0x80) === 0 ? trimmed : Buffer.concat([Buffer.of(0), trimmed]);
}

function objectIdentifierContent(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return Buffer.from([first * 40 + second, ...rest].flatMap(base128));
}

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128))
    digits.unshift(0x80 | (left & 0x7f));
  return digits;
}

/** Whole seconds; UTCTime until the end of 2049 and GeneralizedTime from then on, as RFC 5280 4.1.2.5 has it. */
function time(milliseconds: number): Buffer {
  const digits = new Date(milliseconds)
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replaceAll(/[-:T]/g, '');
  return digits < '2050' ? element(0x17, Buffer.from(`${digits.slice(2)}Z`)) : element(0x18, Buffer.from(`${digits}Z`));
}
