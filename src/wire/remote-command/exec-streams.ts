import type { Readable, Writable } from 'node:stream';

/** Which streams a command has. With a terminal, stderr comes on stdout. */
export interface StreamOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

/** How a command ended, as the client is told; which one it was, where it was started for this client. */
export type ExecOutcome =
  | { readonly exitCode: number; readonly command?: readonly string[] | undefined }
  | { readonly failure: string };

/**
 * The server's side of a remote command (exec, attach), whatever protocol carries it: kubectl speaks WebSocket since 1.31 and SPDY
 * before. Streams that were not asked for are undefined.
 */
export interface ExecStreams {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  /** Called at once with the last size known, and with each new one. */
  onResize(callback: (size: TerminalSize) => void): void;
  /** Tells the client how the command ended, and closes the connection. What was written before goes out first. */
  finish(outcome: ExecOutcome): void;
  /** Aborted when the connection is over, `finish` or not. */
  readonly closed: AbortSignal;
}

/** The client's side of a remote command. Reading slowly holds the command back; nothing is dropped. */
export interface ExecClientSession {
  readonly stdin: WritableStreamDefaultWriter<Uint8Array<ArrayBufferLike>> | undefined;
  readonly stdout: AsyncIterable<Uint8Array<ArrayBufferLike>> | undefined;
  readonly stderr: AsyncIterable<Uint8Array<ArrayBufferLike>> | undefined;
  resize(width: number, height: number): void;
  /** The exit code; rejects with an `Error` when the command could not be run, or the connection broke before it ended. */
  readonly exit: Promise<number>;
  close(): void;
}
