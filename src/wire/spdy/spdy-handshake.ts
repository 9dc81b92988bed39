import type { HttpRequest, HttpResponse } from '../http.ts';

export interface AcceptedSpdy {
  /** Of the answer, which has status 101. */
  readonly headers: Readonly<Record<string, string>>;
  /** The first of the client's that is supported. */
  readonly protocol: string;
}

/** Whether a request wants to become a SPDY/3.1 connection. */
export function isSpdyRequest(request: HttpRequest): boolean {
  return (request.headers['upgrade'] ?? '').toLowerCase() === 'spdy/3.1';
}

/** Answers an upgrade to SPDY/3.1, which names what is spoken over its streams, or says why it is refused. */
export function acceptSpdy(
  request: HttpRequest,
  supported: readonly string[],
): AcceptedSpdy | (HttpResponse & { readonly protocol?: undefined }) {
  const asked = (request.headers['x-stream-protocol-version'] ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
  if (asked.length === 0) return refusal(400, 'unable to upgrade: header X-Stream-Protocol-Version names no protocol');
  const protocol = asked.find((each) => supported.includes(each));
  if (protocol === undefined) {
    const text = `unable to upgrade: unable to negotiate protocol: client supports [${asked.join(' ')}], server accepts [${supported.join(' ')}]`;
    return refusal(403, text, { 'x-accepted-stream-protocol-versions': supported.join(', ') });
  }
  return { protocol, headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': protocol } };
}

/** What a request that asks for neither SPDY nor WebSocket is answered. */
export function notUpgradable(request: HttpRequest): HttpResponse {
  const asked = JSON.stringify(request.headers['upgrade'] ?? '');
  return refusal(400, `unable to upgrade: missing upgrade headers in request: ${asked}`);
}

function refusal(status: number, text: string, headers: Record<string, string> = {}): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
    body: Buffer.from(`${text}\n`),
  };
}
