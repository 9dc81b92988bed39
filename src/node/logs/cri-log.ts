/** One line of a container's log file as a runtime writes it: `TIME STREAM TAG TEXT`. */
export interface LogLine {
  /** RFC 3339 with nanoseconds, as it stands. */
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  /** The text goes on in the next line of the same stream. */
  readonly partial: boolean;
  readonly text: Uint8Array<ArrayBufferLike>;
}

const space = 0x20;

/** Reads one line, without its line end; undefined for what is none. */
export function parseLogLine(bytes: Uint8Array<ArrayBufferLike>): LogLine | undefined {
  const first = bytes.indexOf(space);
  const second = bytes.indexOf(space, first + 1);
  const third = bytes.indexOf(space, second + 1);
  if (first <= 0 || second < 0) return undefined;
  const stream = ascii(bytes, first + 1, second);
  if (stream !== 'stdout' && stream !== 'stderr') return undefined;
  const tagEnd = third < 0 ? bytes.length : third;
  const [tag] = ascii(bytes, second + 1, tagEnd).split(':', 1);
  const text = third < 0 ? bytes.subarray(bytes.length) : bytes.subarray(third + 1);
  return { time: ascii(bytes, 0, first), stream, partial: tag === 'P', text };
}

function ascii(bytes: Uint8Array<ArrayBufferLike>, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
}
