import type { Environment } from '../../../machinery/environment/environment.ts';
import type { HttpTarget } from '../../../wire/http.ts';
import { HttpClient } from '../../../wire/http-client.ts';
import { SpdyConnection } from '../../../wire/spdy/spdy-connection.ts';
import type { SpdyStream } from '../../../wire/spdy/spdy-stream.ts';
import { type ExecOptions, type ExecSession, RuntimeError } from '../runtime.ts';
import type { ExecStreams } from './exec-streams.ts';

/** The version in which the exit code is told, and the end of stdin. */
const protocol = 'v4.channel.k8s.io';
const openTimeoutMs = 30_000;
/** What a runtime says at the end of a command is short. */
const maxStatusBytes = 64 << 10;

/** Opens the streams of commands over SPDY/3.1, as the streaming server of a container runtime wants it. */
export function spdyExec(environment: Environment): ExecStreams {
  return async (url, options) => {
    const client = new HttpClient({ environment, url: url.origin });
    try {
      return await openSession(environment, client, url, options);
    } catch (cause) {
      client.close();
      if (cause instanceof RuntimeError) throw cause;
      throw new RuntimeError('Unavailable', `exec: ${(cause as Error).message}`, { cause });
    }
  };
}

async function openSession(
  environment: Environment,
  target: HttpTarget,
  url: URL,
  options: ExecOptions,
): Promise<ExecSession> {
  const deadline = environment.deadline(openTimeoutMs);
  let connection: SpdyConnection | undefined;
  try {
    const answer = await target.upgrade({
      method: 'POST',
      path: `${url.pathname}${url.search}`,
      headers: { upgrade: 'SPDY/3.1', 'x-stream-protocol-version': protocol, 'content-length': '0' },
      signal: deadline.signal,
    });
    if (answer.connection === undefined) throw new Error(`the runtime answered ${answer.status} instead of streams`);
    connection = new SpdyConnection(answer.connection, { role: 'client' });
    const opened = connection;
    const open = (streamtype: string) => opened.createStream({ streamtype });
    const streams = {
      error: open('error'),
      stdin: options.stdin ? open('stdin') : undefined,
      stdout: options.stdout ? open('stdout') : undefined,
      stderr: options.stderr ? open('stderr') : undefined,
      resize: options.tty ? open('resize') : undefined,
    };
    const replies = Promise.all(Object.values(streams).map((stream) => stream?.replied));
    await Promise.race([replies, aborted(deadline.signal)]);
    return sessionOf(connection, streams);
  } catch (error) {
    connection?.destroy();
    throw error;
  } finally {
    deadline.cancel();
  }
}

interface Streams {
  readonly error: SpdyStream;
  readonly stdin: SpdyStream | undefined;
  readonly stdout: SpdyStream | undefined;
  readonly stderr: SpdyStream | undefined;
  readonly resize: SpdyStream | undefined;
}

function sessionOf(connection: SpdyConnection, streams: Streams): ExecSession {
  // Nobody writes what the runtime does not read, and nothing is read of what it only takes.
  streams.stdin?.resume();
  streams.resize?.resume();
  streams.error.end();
  streams.stdout?.end();
  streams.stderr?.end();
  const exit = readStatus(streams.error).then(exitCodeOf);
  // Who closes the session does not wait for its exit.
  exit.catch(() => {});
  return {
    stdin: streams.stdin === undefined ? undefined : writerOf(streams.stdin),
    stdout: streams.stdout,
    stderr: streams.stderr,
    resize: (width, height) => {
      if (streams.resize?.writable === true) {
        streams.resize.write(Buffer.from(`${JSON.stringify({ Width: width, Height: height })}\n`));
      }
    },
    exit,
    close: () => connection.destroy(),
  };
}

function writerOf(stream: SpdyStream): ExecSession['stdin'] {
  return new WritableStream<Uint8Array<ArrayBufferLike>>({
    write: (chunk) =>
      new Promise((resolve, reject) => {
        stream.write(chunk, (error) => (error ? reject(error) : resolve()));
      }),
    close: () => {
      stream.end();
    },
    abort: () => {
      stream.destroy();
    },
  }).getWriter();
}

async function readStatus(stream: SpdyStream): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      bytes += chunk.length;
      if (bytes > maxStatusBytes) throw new Error('the runtime says too much');
      chunks.push(chunk);
    }
  } catch (cause) {
    throw new RuntimeError('Unavailable', `exec: the streams were lost: ${(cause as Error).message}`, { cause });
  }
  return Buffer.concat(chunks).toString('utf8');
}

interface ExecStatus {
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] };
}

/** The exit code in the `Status` that ends a command. Throws `RuntimeError` where the command did not run. */
export function exitCodeOf(text: string): number {
  if (text === '') throw new RuntimeError('Unavailable', 'exec: the streams ended without an exit code');
  let status: ExecStatus;
  try {
    status = JSON.parse(text) as ExecStatus;
  } catch (cause) {
    throw new RuntimeError('Unknown', `exec: ${text}`, { cause });
  }
  if (status.status === 'Success') return 0;
  const code = Number(status.details?.causes?.find((cause) => cause.reason === 'ExitCode')?.message);
  if (status.reason === 'NonZeroExitCode' && Number.isInteger(code)) return code;
  throw new RuntimeError('Unknown', `exec: ${status.message ?? text}`);
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
