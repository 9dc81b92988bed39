import type { StreamOptions } from '../../wire/remote-command/exec-streams.ts';

/** Which streams a request to the node's API asks for; undefined when it asks for none. */
export function streamOptions(query: URLSearchParams): StreamOptions | undefined {
  const asked = (name: string) => {
    const value = query.get(name);
    return value === '1' || value === 'true';
  };
  const tty = asked('tty');
  const [stdin, stdout] = [asked('input'), asked('output')];
  // With a terminal everything comes on stdout.
  const stderr = asked('error') && !tty;
  return stdin || stdout || stderr ? { stdin, stdout, stderr, tty } : undefined;
}

/** What a request is answered that asks for none. */
export const noStreams = 'you must specify at least 1 of stdin, stdout, stderr';
