import type { Writable } from 'node:stream';
import { onceDrained } from '../once-drained.ts';
import type { ExecClientSession, ExecOutcome, ExecStreams } from './exec-streams.ts';

/**
 * Joins a client's streams to a running command, until it ends or the client goes away. Never throws: what goes wrong is told to the
 * client.
 */
export async function serveExec(
  streams: ExecStreams,
  session: ExecClientSession,
  command?: readonly string[],
): Promise<void> {
  const close = () => session.close();
  streams.closed.addEventListener('abort', close, { once: true });
  if (streams.closed.aborted) close();
  streams.onResize((size) => session.resize(size.width, size.height));
  // Not waited for: a command may end without having read all its input.
  void feed(streams.stdin, session.stdin);
  const output = Promise.all([drain(session.stdout, streams.stdout), drain(session.stderr, streams.stderr)]);
  const outcome = await outcomeOf(session, command);
  await output;
  streams.closed.removeEventListener('abort', close);
  if (!streams.closed.aborted) streams.finish(outcome);
  session.close();
}

async function outcomeOf(session: ExecClientSession, command: readonly string[] | undefined): Promise<ExecOutcome> {
  try {
    return { exitCode: await session.exit, command };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

/** Output goes no faster than the client takes it. When the client no longer does, the command still runs to its end. */
async function drain(source: AsyncIterable<Uint8Array> | undefined, sink: Writable | undefined): Promise<void> {
  if (source === undefined) return;
  try {
    for await (const chunk of source) {
      if (sink === undefined || sink.destroyed) continue;
      if (!sink.write(chunk)) await new Promise<void>((resolve) => onceDrained(sink, resolve));
    }
  } catch {
    // The command's end tells what happened.
  }
  if (sink !== undefined && !sink.destroyed) await new Promise<void>((resolve) => sink.end(() => resolve()));
}

async function feed(
  source: AsyncIterable<Uint8Array> | undefined,
  sink: WritableStreamDefaultWriter<Uint8Array> | undefined,
): Promise<void> {
  if (source === undefined || sink === undefined) return;
  try {
    for await (const chunk of source) await sink.write(chunk);
    await sink.close();
  } catch {
    // The command has closed its input, or the client broke off.
  }
}
