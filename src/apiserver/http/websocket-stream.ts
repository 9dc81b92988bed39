import { connectionPair } from '../../wire/connection-pair.ts';
import type { HttpBody, HttpRequest, HttpResponse, UpgradeResponse } from '../../wire/http.ts';
import { WebSocketConnection } from '../../wire/websocket/websocket-connection.ts';
import { acceptHandshake, isWebSocketRequest, requestedProtocols } from '../../wire/websocket/websocket-handshake.ts';
import { frameLengthBytes } from './protobuf-watch.ts';

/** How the bytes of an answer go into messages. */
interface Framing {
  readonly type: 'binary' | 'text';
  /** An empty message goes first and tells that all stands. */
  readonly greets: boolean;
  messages(chunk: Uint8Array): readonly Uint8Array[];
}

/** Each event of a watch is a message of its own. */
const events: Framing = { type: 'text', greets: false, messages: lines };
const binaryEvents: Framing = { type: 'binary', greets: false, messages: protobufFrames };
const binary: Framing = { type: 'binary', greets: true, messages: (chunk) => [chunk] };
const base64: Framing = { type: 'text', greets: true, messages: (chunk) => [Buffer.from(inBase64(chunk))] };
const refused = (status: number): HttpResponse => ({ status, headers: {} });

/** The answer to a watch as the messages of a WebSocket, if it was asked for over one; any other answer as it is. */
export function watchOverWebSocket(request: HttpRequest, response: HttpResponse): UpgradeResponse {
  if (!isWebSocketRequest(request) || !streams(response)) return response;
  const asked = requestedProtocols(request);
  // Kubernetes takes these from browsers alone, and whatever one protocol they name.
  if (request.headers['origin'] === undefined) return refusedAfter(response, 403);
  if (asked.length > 1) return refusedAfter(response, 400);
  const isText = response.headers['content-type'] === 'application/json';
  return answered(request, response, [asked[0] ?? ''], () => (isText ? events : binaryEvents));
}

/** The same for an answer that is a stream of bytes, such as a log: as they are, or in base64 where the client asks for it. */
export function bytesOverWebSocket(request: HttpRequest, response: HttpResponse): UpgradeResponse {
  if (!isWebSocketRequest(request) || !streams(response)) return response;
  const framing = (protocol: string) => (protocol.startsWith('base64.') ? base64 : binary);
  return answered(request, response, ['binary.k8s.io', 'base64.binary.k8s.io', ''], framing);
}

function streams({ status, body }: HttpResponse): boolean {
  return status === 200 && body !== undefined;
}

function answered(
  request: HttpRequest,
  response: HttpResponse,
  supported: readonly string[],
  framingOf: (protocol: string) => Framing,
): UpgradeResponse {
  const handshake = acceptHandshake(request, supported);
  if (handshake.protocol === undefined) {
    letGo(response);
    return handshake;
  }
  const [inner, outer] = connectionPair();
  const connection = new WebSocketConnection(inner, {
    // Whatever the client says is passed over.
    onMessage: () => undefined,
  });
  void send(connection, response.body ?? new Uint8Array(), framingOf(handshake.protocol));
  return { status: 101, headers: handshake.headers, connection: outer };
}

/** No faster than the client takes it, and only for as long as it is there. */
async function send(connection: WebSocketConnection, body: HttpBody, framing: Framing): Promise<void> {
  const chunks = body instanceof Uint8Array ? [body].values() : body[Symbol.asyncIterator]();
  void connection.closed.then(() => chunks.return?.(undefined));
  const message = (data: Uint8Array) =>
    new Promise<boolean>((resolve) => connection.send(data, framing.type, (error) => resolve(error === undefined)));
  try {
    if (framing.greets && !(await message(new Uint8Array()))) return;
    for (let chunk = await chunks.next(); chunk.done !== true; chunk = await chunks.next())
      for (const each of framing.messages(chunk.value)) if (!(await message(each))) return;
    connection.close();
  } catch (error) {
    connection.destroy(error as Error);
  }
}

function refusedAfter(response: HttpResponse, status: number): HttpResponse {
  letGo(response);
  return refused(status);
}

function letGo({ body }: HttpResponse): void {
  if (body !== undefined && !(body instanceof Uint8Array)) void body[Symbol.asyncIterator]().return?.(undefined);
}

function inBase64(chunk: Uint8Array): string {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('base64');
}

/** The frames of a watch in protobuf, without the length before each: the message has one. */
function protobufFrames(chunk: Uint8Array): readonly Uint8Array[] {
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
  const frames: Uint8Array[] = [];
  for (let from = 0; from < chunk.length; ) {
    const start = from + frameLengthBytes;
    from = start + view.getUint32(from);
    frames.push(chunk.subarray(start, from));
  }
  return frames;
}

/** Parts that end in a line feed each; the frames of a watch are whole when they come. */
function lines(chunk: Uint8Array): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let from = 0; from < chunk.length; ) {
    const end = chunk.indexOf(0x0a, from);
    const next = end < 0 ? chunk.length : end + 1;
    parts.push(chunk.subarray(from, next));
    from = next;
  }
  return parts;
}
