import type { Writable } from 'node:stream';

/**
 * A web writer on one half of a Node stream. Node's own conversion waits for both halves of a duplex stream to end before it
 * takes the writer for closed.
 */
export function writerOf(stream: Writable): WritableStreamDefaultWriter<Uint8Array<ArrayBufferLike>> {
  return new WritableStream<Uint8Array<ArrayBufferLike>>({
    write: (chunk) => settled((callback) => stream.write(chunk, callback)),
    close: () => settled((callback) => stream.end(callback)),
    abort: (reason) => {
      stream.destroy(reason instanceof Error ? reason : new Error(String(reason)));
    },
  }).getWriter();
}

function settled(act: (callback: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    act((error) => (error ? reject(error) : resolve()));
  });
}
