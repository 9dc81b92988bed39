import { type Duplex, duplexPair } from 'node:stream';

/**
 * Two ends of a connection in memory. Unlike Node's own pair, an end that is destroyed takes the other with it, as the two ends of a
 * socket do. An orderly end of each direction stays what it is.
 */
export function connectionPair(): readonly [Duplex, Duplex] {
  const [left, right] = duplexPair();
  tie(left, right);
  tie(right, left);
  return [left, right];
}

function tie(from: Duplex, to: Duplex): void {
  from.once('close', () => {
    // What was written and ended here has been read to its end over there.
    if (!from.readableEnded || !from.writableFinished) to.destroy();
  });
  from.on('error', () => undefined);
}
