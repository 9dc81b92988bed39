import { createHash } from 'node:crypto';
import type { RandomSource } from '../environment.ts';
import type { HttpRequest, HttpResponse } from '../http.ts';

/** RFC 6455, 1.3. */
const acceptSuffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export interface AcceptedHandshake {
  /** Of the answer, which has status 101. */
  readonly headers: Readonly<Record<string, string>>;
  /** The first of the client's that is supported; empty when it asked for none and none is needed. */
  readonly protocol: string;
}

/** Whether a request wants to become a WebSocket. */
export function isWebSocketRequest(request: HttpRequest): boolean {
  return (request.headers['upgrade'] ?? '').toLowerCase() === 'websocket';
}

/** The protocols that a client asks for, the most wanted first. */
export function requestedProtocols({ headers }: HttpRequest): readonly string[] {
  return listOf(headers['sec-websocket-protocol']);
}

/** Answers the handshake of a client, or says why it is refused. An empty string among `supported`: no protocol is needed. */
export function acceptHandshake(
  request: HttpRequest,
  supported: readonly string[],
): AcceptedHandshake | (HttpResponse & { readonly protocol?: undefined }) {
  const { headers } = request;
  if (request.method !== 'GET') return refusal(405, 'a WebSocket begins with GET', { allow: 'GET' });
  if (headers['sec-websocket-version'] !== '13')
    return refusal(426, 'only version 13 of WebSocket is spoken', { 'sec-websocket-version': '13' });
  const key = headers['sec-websocket-key'] ?? '';
  if (!/^[A-Za-z0-9+/]{22}==$/.test(key)) return refusal(400, 'Sec-WebSocket-Key is not 16 bytes of base64');
  const asked = requestedProtocols(request);
  const protocol =
    asked.length === 0 ? supported.find((each) => each === '') : asked.find((each) => supported.includes(each));
  if (protocol === undefined) {
    const known = supported.filter((each) => each !== '');
    return refusal(403, `requested protocol(s) are not supported: [${asked.join(' ')}]; supports [${known.join(' ')}]`);
  }
  return {
    protocol,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-accept': acceptFor(key),
      ...(protocol === '' ? {} : { 'sec-websocket-protocol': protocol }),
    },
  };
}

export interface ClientHandshake {
  readonly headers: Readonly<Record<string, string>>;
  /** The protocol that the server chose. Throws when its answer is not one to this handshake. */
  protocolOf(answer: Readonly<Record<string, string>>): string;
}

/** Begins a handshake from the client's side; `protocols` with the most wanted first. */
export function clientHandshake(environment: RandomSource, protocols: readonly string[]): ClientHandshake {
  const key = Buffer.from(environment.randomBytes(16)).toString('base64');
  return {
    headers: {
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': key,
      'sec-websocket-protocol': protocols.join(', '),
    },
    protocolOf: (answer) => {
      if (answer['sec-websocket-accept'] !== acceptFor(key))
        throw new Error('the server did not accept the WebSocket handshake');
      const protocol = answer['sec-websocket-protocol'] ?? '';
      if (!protocols.includes(protocol))
        throw new Error(`the server chose the protocol "${protocol}", which was not asked for`);
      return protocol;
    },
  };
}

function acceptFor(key: string): string {
  return createHash('sha1')
    .update(key + acceptSuffix)
    .digest('base64');
}

function listOf(header: string | undefined): readonly string[] {
  return (header ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

function refusal(status: number, text: string, headers: Record<string, string> = {}): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
    body: Buffer.from(`${text}\n`),
  };
}
