import type { HttpBody } from './http.ts';

/** A body went over its bound. The rest of it is not read. */
export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';
  readonly limitBytes: number;

  constructor(limitBytes: number) {
    super(`the body is larger than ${limitBytes} bytes`);
    this.limitBytes = limitBytes;
  }
}

/** The whole of a body in one piece. Throws `BodyTooLargeError` as soon as more than `limitBytes` have come. */
export async function readHttpBody(
  body: HttpBody | undefined,
  limitBytes = Number.POSITIVE_INFINITY,
): Promise<Uint8Array> {
  if (body === undefined) return new Uint8Array(0);
  if (body instanceof Uint8Array) {
    if (body.length > limitBytes) throw new BodyTooLargeError(limitBytes);
    return body;
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > limitBytes) throw new BodyTooLargeError(limitBytes);
    chunks.push(chunk);
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, length);
}

/** The whole of a body as text. */
export async function readHttpText(body: HttpBody | undefined, limitBytes?: number): Promise<string> {
  const bytes = await readHttpBody(body, limitBytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

/** The same chunks, ending in `BodyTooLargeError` once there are more than `limitBytes` of them. */
export async function* boundedBody(
  body: AsyncIterable<Uint8Array>,
  limitBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > limitBytes) throw new BodyTooLargeError(limitBytes);
    yield chunk;
  }
}
