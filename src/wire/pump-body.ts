import type { Writable } from 'node:stream';
import type { Timers } from './environment.ts';

/** How long the other side may leave bytes untaken. */
export interface StallBound {
  readonly timers: Timers;
  readonly stallMs: number;
}

/**
 * Writes chunks as they come, no faster than the other side takes them, and ends the stream after the last. When the stream
 * closes first, the source is told to stop. Throws what the source throws; the stream is then left open for the caller to destroy.
 */
export async function pumpBody(body: AsyncIterable<Uint8Array>, sink: Writable, bound: StallBound): Promise<void> {
  const iterator = body[Symbol.asyncIterator]();
  const stop = () => {
    // The source may be waiting for something that never comes; nobody waits for it to notice.
    iterator.return?.()?.catch(() => undefined);
  };
  sink.once('close', stop);
  try {
    for (;;) {
      const { done, value } = await iterator.next();
      if (sink.destroyed) return;
      if (done === true) break;
      if (!sink.write(value)) await drained(sink, bound);
      if (sink.destroyed) return;
    }
  } finally {
    sink.off('close', stop);
    if (sink.destroyed) stop();
  }
  sink.end();
}

function drained(sink: Writable, bound: StallBound): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      timer.cancel();
      sink.off('drain', done);
      sink.off('close', done);
      resolve();
    };
    const timer = bound.timers.setTimer(bound.stallMs, () => {
      sink.destroy(new Error(`the other side took no bytes for ${bound.stallMs} ms`));
    });
    sink.on('drain', done);
    sink.on('close', done);
  });
}
