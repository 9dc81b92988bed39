import type { Environment } from '../../../machinery/environment/environment.ts';
import type { ExecOptions, ExecSession } from '../runtime.ts';
import type { SimulatedExec } from './program.ts';

type Bytes = Uint8Array<ArrayBufferLike>;

/** A session whose command reads stdin to its end and then answers all at once. */
export function execSession(
  environment: Environment,
  options: ExecOptions,
  run: (stdin: string) => SimulatedExec,
): ExecSession {
  const closed = new AbortController();
  const input = Promise.withResolvers<string>();
  const result = input.promise.then(async (text) => {
    const answer = run(text);
    if (answer.durationMs !== undefined && answer.durationMs > 0)
      await environment.sleep(answer.durationMs, closed.signal);
    return answer;
  });
  const exit = result.then((answer) => answer.exitCode);
  // Who closes the session does not wait for its exit.
  exit.catch(() => {});
  const stdin = options.stdin ? collector(input.resolve) : undefined;
  if (stdin === undefined) input.resolve('');
  const text = async (stream: 'stdout' | 'stderr') => {
    const answer = await result;
    if (!options.tty) return answer[stream] ?? '';
    return stream === 'stdout' ? `${answer.stdout ?? ''}${answer.stderr ?? ''}`.replaceAll('\n', '\r\n') : '';
  };
  return {
    stdin,
    stdout: options.stdout ? output(() => text('stdout')) : undefined,
    stderr: options.stderr && !options.tty ? output(() => text('stderr')) : undefined,
    resize: () => {},
    exit,
    close: () => {
      closed.abort(new Error('the session was closed'));
      input.resolve('');
    },
  };
}

function collector(done: (text: string) => void): WritableStreamDefaultWriter<Bytes> {
  const decoder = new TextDecoder();
  let text = '';
  const end = () => done(text + decoder.decode());
  return new WritableStream<Bytes>({
    write: (chunk) => {
      text += decoder.decode(chunk, { stream: true });
    },
    close: end,
    abort: end,
  }).getWriter();
}

async function* output(text: () => Promise<string>): AsyncGenerator<Bytes> {
  const all = await text();
  if (all !== '') yield new TextEncoder().encode(all);
}
