import type { HttpRequest, HttpResponse } from '../../src/wire/http.ts';
import { readHttpText } from '../../src/wire/http-body.ts';
import type { HttpConnection } from '../../src/wire/http-handler.ts';
import type { TestApiServer } from './test-api-server.ts';

/** A connection with the certificate of an administrator. */
export const connection: HttpConnection = {
  remoteAddress: '127.0.0.1',
  remotePort: 1,
  secure: true,
  certificate: { commonName: 'admin', organizations: ['system:masters'], fingerprint: '' },
  certificateError: undefined,
};

export interface Sent {
  readonly response: HttpResponse;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly value: ReturnType<typeof JSON.parse>;
}

const json = { 'content-type': 'application/json' };

/** Sends a request without sockets and reads the whole answer. */
export async function send(
  { server }: TestApiServer,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = json,
): Promise<Sent> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const bytes = body === undefined ? undefined : new TextEncoder().encode(text);
  const request: HttpRequest = { method, path, headers: { 'user-agent': 'test/1.0', ...headers }, body: bytes };
  const response = await server.fetch(request, connection);
  const answer = await readHttpText(response.body);
  return { response, text: answer, value: parse(answer) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
