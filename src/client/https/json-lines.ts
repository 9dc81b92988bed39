/** A line went over its bound. */
export class LineTooLongError extends Error {
  override readonly name = 'LineTooLongError';
}

/**
 * The lines of a stream of bytes, without their ends, however the chunks fall; empty lines are passed over, and so is what
 * stands after the last line end: it was cut off. Throws `LineTooLongError`.
 */
export async function* jsonLines(
  body: AsyncIterable<Uint8Array>,
  limitBytes: number,
): AsyncGenerator<string, void, undefined> {
  let pending: Uint8Array[] = [];
  let pendingLength = 0;
  for await (const chunk of body) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      pending.push(chunk.subarray(start, end));
      const line = Buffer.concat(pending).toString('utf8');
      pending = [];
      pendingLength = 0;
      start = end + 1;
      if (line.trim() !== '') yield line;
    }
    if (start === chunk.length) continue;
    pending.push(chunk.subarray(start));
    pendingLength += chunk.length - start;
    if (pendingLength > limitBytes) throw new LineTooLongError(`a line is longer than ${limitBytes} bytes`);
  }
}
