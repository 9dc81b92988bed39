import type { Writable } from 'node:stream';

/** Calls back once, when the stream takes more or is over. */
export function onceDrained(stream: Writable, callback: () => void): void {
  const done = () => {
    stream.off('drain', done);
    stream.off('close', done);
    callback();
  };
  stream.on('drain', done);
  stream.on('close', done);
}
