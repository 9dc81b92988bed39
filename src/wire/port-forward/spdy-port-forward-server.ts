import type { Duplex } from 'node:stream';
import type { Timers } from '../environment.ts';
import { SpdyConnection } from '../spdy/spdy-connection.ts';
import type { SpdyStream } from '../spdy/spdy-stream.ts';
import { type PortConnection, type PortConnector, parsePort } from './port-connection.ts';

/** How long a client may take to open the second stream of a pair, as in Kubernetes. */
const pairMs = 30_000;
/** How long a client may take to end its side of a connection that is over. */
const lingerMs = 10_000;

/** The two streams of one forwarded connection, while they come. */
interface Pair {
  data?: SpdyStream;
  error?: SpdyStream;
  readonly timer: { cancel(): void };
}

/**
 * Serves `portforward.k8s.io` over a SPDY connection: each connection that the client forwards is a pair of streams, one for its bytes
 * and one for what goes wrong. Connections are apart from one another, except that SPDY without windows makes all wait for the slowest
 * reader.
 */
export class SpdyPortForwardServer {
  /** Resolves when the client has gone, or was sent away. */
  readonly closed: Promise<void>;
  readonly #environment: Timers;
  readonly #connect: PortConnector;
  readonly #connection: SpdyConnection;
  readonly #pairs = new Map<string, Pair>();
  readonly #open = new Set<Duplex>();
  #isClosed = false;

  constructor(environment: Timers, socket: Duplex, connect: PortConnector) {
    this.#environment = environment;
    this.#connect = connect;
    this.#connection = new SpdyConnection(socket, {
      role: 'server',
      idle: environment,
      onStream: (stream) => this.#accept(stream),
    });
    this.closed = this.#connection.closed;
    void this.closed.then(() => this.#over());
  }

  /** Ends all connections. */
  close(): void {
    this.#connection.destroy();
  }

  #accept(stream: SpdyStream): void {
    const type = stream.headers['streamtype'];
    if ((type !== 'data' && type !== 'error') || portOf(stream) === undefined) {
      stream.destroy();
      return;
    }
    const request = requestOf(stream, type);
    const pair = this.#pairs.get(request) ?? this.#newPair(request);
    stream.reply();
    if (pair[type] !== undefined) {
      tell(pair.error, `error processing stream for request ${request}: ${type} stream already assigned`);
      stream.destroy();
      return;
    }
    pair[type] = stream;
    const { data, error } = pair;
    if (data === undefined || error === undefined) return;
    this.#pairs.delete(request);
    pair.timer.cancel();
    void this.#forward(data, error);
  }

  #newPair(request: string): Pair {
    const timer = this.#environment.setTimer(pairMs, () => {
      this.#pairs.delete(request);
      tell(pair.error, `(request=${request}) timed out waiting for streams`);
      pair.error?.end();
      pair.data?.destroy();
    });
    const pair: Pair = { timer };
    this.#pairs.set(request, pair);
    return pair;
  }

  async #forward(data: SpdyStream, error: SpdyStream): Promise<void> {
    // The client writes nothing there.
    error.resume();
    const failure = await this.#carry(data, portOf(data) ?? 0);
    if (failure !== undefined) tell(error, failure);
    error.end();
    if (!data.writableEnded) data.end();
    const timer = this.#environment.setTimer(lingerMs, () => data.destroy());
    data.once('close', () => timer.cancel());
    // What the client still sends is for nobody.
    data.resume();
  }

  /** Until it is over; answers what went wrong. */
  async #carry(data: SpdyStream, port: number): Promise<string | undefined> {
    try {
      const connection = await this.#connect(port);
      if (this.#isClosed || data.destroyed) {
        connection.data.destroy();
        return undefined;
      }
      return await this.#join(data, connection);
    } catch (cause) {
      return (cause as Error).message;
    }
  }

  async #join(data: SpdyStream, { data: inside, ended }: PortConnection): Promise<string | undefined> {
    const letGo = () => inside.destroy();
    this.#open.add(inside);
    inside.on('error', letGo);
    data.once('close', letGo);
    data.pipe(inside);
    inside.pipe(data);
    const [failure] = await Promise.all([ended, readToItsEnd(inside)]);
    this.#open.delete(inside);
    data.off('close', letGo);
    data.unpipe(inside);
    inside.destroy();
    return failure;
  }

  #over(): void {
    this.#isClosed = true;
    for (const { timer } of this.#pairs.values()) timer.cancel();
    this.#pairs.clear();
    for (const each of this.#open) each.destroy();
    this.#open.clear();
  }
}

function tell(error: SpdyStream | undefined, text: string): void {
  if (error?.writable === true) error.write(Buffer.from(text));
}

function portOf(stream: SpdyStream): number | undefined {
  try {
    return parsePort(stream.headers['port'] ?? '');
  } catch {
    return undefined;
  }
}

/** Which pair a stream is of. Clients older than the header open the error stream and then, as their next, that of the data. */
function requestOf(stream: SpdyStream, type: 'data' | 'error'): string {
  return stream.headers['requestid'] ?? String(type === 'error' ? stream.id : stream.id - 2);
}

function readToItsEnd(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (stream.readableEnded || stream.destroyed) resolve();
    stream.once('end', resolve);
    stream.once('close', resolve);
  });
}
