import type { IncomingMessage } from 'node:http';
import type { HttpResponse } from '../http.ts';

/** A response whose body is read from the connection as it comes. Aborting the signal breaks the connection off. */
export function responseOf(message: IncomingMessage, method: string, signal: AbortSignal | undefined): HttpResponse {
  const status = message.statusCode ?? 0;
  const headers = headersOf(message);
  // What fails after the answer has begun is told to whoever reads the body.
  message.on('error', () => undefined);
  if (headers['content-length'] === '0' || status === 204 || status === 304 || method === 'HEAD') {
    message.resume();
    return { status, headers };
  }
  if (signal !== undefined) {
    const abort = () => message.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    signal.addEventListener('abort', abort, { once: true });
    message.once('close', () => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  }
  return { status, headers, body: message as AsyncIterable<Uint8Array> };
}

function headersOf(message: IncomingMessage): Readonly<Record<string, string>> {
  const cookies = message.headers['set-cookie'];
  if (cookies === undefined) return message.headers as Readonly<Record<string, string>>;
  return { ...(message.headers as Record<string, string>), 'set-cookie': cookies.join(', ') };
}
