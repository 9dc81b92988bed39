import type { Duplex, Readable, Writable } from 'node:stream';
import { connectionPair } from '../connection-pair.ts';
import type { Timers } from '../environment.ts';
import type { HttpRequest } from '../http.ts';
import { SpdyConnection } from '../spdy/spdy-connection.ts';
import { acceptSpdy } from '../spdy/spdy-handshake.ts';
import type { SpdyStream } from '../spdy/spdy-stream.ts';
import { type AcceptedExec, lingerMs } from './accepted-exec.ts';
import { formatStatus } from './exec-status.ts';
import type { ExecOutcome, ExecStreams, StreamOptions, TerminalSize } from './exec-streams.ts';
import { ResizeEvents } from './resize-events.ts';

/** How long a client may take to open its streams, as in Kubernetes. */
const openMs = 30_000;

/** Versions of the stream protocol over SPDY. 4: the error stream carries a Status object; 3: a resize stream. */
const spdyExecProtocols = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io'] as const;

/** Answers an upgrade to SPDY/3.1; the command's streams are there when the client has opened them. */
export function acceptSpdyExec(environment: Timers, request: HttpRequest, options: StreamOptions): AcceptedExec {
  const handshake = acceptSpdy(request, spdyExecProtocols);
  if (handshake.protocol === undefined) return { response: handshake };
  const { protocol, headers } = handshake;
  const [inner, outer] = connectionPair();
  const streams = openedStreams(environment, inner, protocol, options);
  streams.catch(() => undefined);
  return {
    response: { status: 101, headers, connection: outer },
    streams,
  };
}

/** Waits until the client has opened each stream that the command has, and refuses all others. */
async function openedStreams(
  environment: Timers,
  socket: Duplex,
  protocol: string,
  options: StreamOptions,
): Promise<ExecStreams> {
  const missing = new Set(expectedStreams(protocol, options));
  const opened = new Map<string, SpdyStream>();
  const complete = Promise.withResolvers<void>();
  const connection = new SpdyConnection(socket, {
    role: 'server',
    idle: environment,
    onStream: (stream) => {
      const type = stream.headers['streamtype'] ?? '';
      if (!missing.delete(type)) {
        stream.destroy();
        return;
      }
      stream.reply();
      opened.set(type, stream);
      if (missing.size === 0) complete.resolve();
    },
  });
  const timer = environment.setTimer(openMs, () =>
    complete.reject(new Error('timed out waiting for client to create streams')),
  );
  void connection.closed.then(() => complete.reject(new Error('the client closed the connection')));
  try {
    await complete.promise;
  } catch (error) {
    connection.destroy();
    throw error;
  } finally {
    timer.cancel();
  }
  return new SpdyExecStreams(environment, connection, protocol, opened);
}

function expectedStreams(protocol: string, options: StreamOptions): readonly string[] {
  const resizes = options.tty && protocol !== 'v2.channel.k8s.io';
  return [
    'error',
    ...(options.stdin ? ['stdin'] : []),
    ...(options.stdout ? ['stdout'] : []),
    ...(options.stderr && !options.tty ? ['stderr'] : []),
    ...(resizes ? ['resize'] : []),
  ];
}

class SpdyExecStreams implements ExecStreams {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  readonly closed: AbortSignal;
  readonly #environment: Timers;
  readonly #connection: SpdyConnection;
  readonly #error: SpdyStream | undefined;
  readonly #protocol: string;
  readonly #resizes = new ResizeEvents();

  constructor(
    environment: Timers,
    connection: SpdyConnection,
    protocol: string,
    opened: ReadonlyMap<string, SpdyStream>,
  ) {
    this.#environment = environment;
    this.#connection = connection;
    this.#protocol = protocol;
    this.#error = opened.get('error');
    this.stdin = opened.get('stdin');
    this.stdout = opened.get('stdout');
    this.stderr = opened.get('stderr');
    opened.get('resize')?.on('data', (chunk: Buffer) => this.#resizes.push(chunk));
    // The client writes on none of these; what it sends anyway must not hold up the rest.
    for (const type of ['error', 'stdout', 'stderr']) opened.get(type)?.resume();
    const closed = new AbortController();
    this.closed = closed.signal;
    void connection.closed.then(() => closed.abort(new Error('the client closed the connection')));
  }

  onResize(callback: (size: TerminalSize) => void): void {
    this.#resizes.onResize(callback);
  }

  finish(outcome: ExecOutcome): void {
    const connection = this.#connection;
    const timer = this.#environment.setTimer(lingerMs, () => connection.destroy());
    void connection.closed.then(() => timer.cancel());
    // Nothing is read on behind the goodbye, so it is said when all streams have been written to their ends.
    this.#error?.end(formatStatus(outcome, this.#protocol), () => connection.close());
  }
}
