import { PassThrough } from 'node:stream';
import type { StreamOptions } from '../../../wire/remote-command/exec-streams.ts';
import { writerOf } from '../../../wire/remote-command/writer-of.ts';
import type { ExecSession } from '../runtime.ts';

/** The container's side of an attached session. */
export interface Attachable {
  /** Called with what the container writes from now on, until the function that is answered is called. */
  listen(write: (text: string, stream: 'stdout' | 'stderr') => void): () => void;
  /** A whole line, without its end, that came on stdin. */
  input(line: string): void;
  inputEnded(): void;
  /** Resolves when the container has ended. */
  readonly ended: Promise<void>;
}

/** Joins a session to a container that runs. */
export function attachSession(container: Attachable, options: StreamOptions): ExecSession {
  const stdout = options.stdout ? new PassThrough() : undefined;
  const stderr = options.stderr && !options.tty ? new PassThrough() : undefined;
  const closed = Promise.withResolvers<void>();
  const stop = container.listen((text, stream) => {
    if (options.tty) stdout?.write(text.replaceAll('\n', '\r\n'));
    else (stream === 'stdout' ? stdout : stderr)?.write(text);
  });
  const exit = Promise.race([container.ended, closed.promise]).then(() => {
    stop();
    stdout?.end();
    stderr?.end();
    return 0;
  });
  return {
    stdin: options.stdin ? writerOf(lines(container)) : undefined,
    stdout,
    stderr,
    resize: () => undefined,
    exit,
    close: () => closed.resolve(),
  };
}

/** Lines are cut at either character that a terminal sends for the Enter key. */
function lines(container: Attachable): PassThrough {
  const stdin = new PassThrough();
  let rest = '';
  stdin.setEncoding('utf8');
  stdin.on('data', (text: string) => {
    const parts = `${rest}${text}`.split(/\r\n|\r|\n/);
    rest = parts.pop() ?? '';
    for (const line of parts) container.input(line);
  });
  stdin.on('end', () => {
    if (rest !== '') container.input(rest);
    container.inputEnded();
  });
  return stdin;
}
