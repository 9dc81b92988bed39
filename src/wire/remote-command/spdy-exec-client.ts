import type { Writable } from 'node:stream';
import type { Timers } from '../environment.ts';
import type { HttpTarget } from '../http.ts';
import { readHttpText } from '../http-body.ts';
import { SpdyConnection } from '../spdy/spdy-connection.ts';
import type { SpdyStream } from '../spdy/spdy-stream.ts';
import { parseStatus } from './exec-status.ts';
import type { ExecClientSession, StreamOptions } from './exec-streams.ts';
import { formatResize } from './resize-events.ts';
import { writerOf } from './writer-of.ts';

/** How long the server may take to accept the streams, as in Kubernetes. */
const acceptMs = 30_000;

/**
 * Runs a command over SPDY/3.1, as container runtimes and kubelets serve it. `path` has the command in its query, or names one
 * that was prepared. Throws an `Error` when the server refuses.
 */
export async function spdyExec(
  environment: Timers,
  target: HttpTarget,
  path: string,
  options: StreamOptions,
  signal?: AbortSignal,
): Promise<ExecClientSession> {
  const answer = await target.upgrade({
    method: 'POST',
    path,
    headers: { upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v4.channel.k8s.io', 'content-length': '0' },
    signal,
  });
  if (answer.connection === undefined) {
    const body = 'body' in answer ? await readHttpText(answer.body, 64 * 1024).catch(() => '') : '';
    throw new Error(`unable to upgrade connection: ${body.trim() || `status ${answer.status}`}`);
  }
  const connection = new SpdyConnection(answer.connection, { role: 'client' });
  const protocol = answer.headers['x-stream-protocol-version'];
  if (protocol !== 'v4.channel.k8s.io') {
    connection.destroy();
    throw new Error(`the server chose the stream protocol "${protocol ?? ''}", which was not asked for`);
  }
  const open = (type: string, wanted = true) => (wanted ? connection.createStream({ streamtype: type }) : undefined);
  // The order in which kubectl opens them.
  const error = connection.createStream({ streamtype: 'error' });
  const streams = {
    stdin: open('stdin', options.stdin),
    stdout: open('stdout', options.stdout),
    stderr: open('stderr', options.stderr && !options.tty),
    resize: open('resize', options.tty),
  };
  await accepted(environment, connection, [error, ...Object.values(streams)]);
  return session(connection, error, streams);
}

async function accepted(
  environment: Timers,
  connection: SpdyConnection,
  streams: readonly (SpdyStream | undefined)[],
): Promise<void> {
  const timer = environment.setTimer(acceptMs, () =>
    connection.destroy(new Error('timed out waiting for the server to accept the streams')),
  );
  try {
    await Promise.all(streams.map((stream) => stream?.replied));
  } catch (error) {
    connection.destroy();
    throw error;
  } finally {
    timer.cancel();
  }
}

/** What was said of the end holds also when the connection breaks before that is ended in due form, as a runtime's may. */
async function lastWords(error: SpdyStream): Promise<string> {
  const said: Buffer[] = [];
  try {
    for await (const chunk of error) said.push(chunk);
  } catch (cause) {
    if (said.length === 0) throw cause;
  }
  return Buffer.concat(said).toString('utf8');
}

function session(
  connection: SpdyConnection,
  error: SpdyStream,
  streams: Readonly<Record<'stdin' | 'stdout' | 'stderr' | 'resize', SpdyStream | undefined>>,
): ExecClientSession {
  const { stdin, stdout, stderr, resize } = streams;
  // This side says nothing on these.
  for (const stream of [error, stdout, stderr]) stream?.end();
  stdin?.resume();
  resize?.resume();
  const exit = lastWords(error).then(parseStatus);
  exit.catch(() => undefined);
  return {
    stdin: stdin === undefined ? undefined : writerOf(stdin as Writable),
    stdout,
    stderr,
    resize: (width, height) => resize?.write(formatResize({ width, height })),
    exit,
    close: () => connection.destroy(),
  };
}
