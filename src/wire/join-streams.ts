import type { Duplex } from 'node:stream';

/**
 * Carries bytes both ways between two connections: with back-pressure, passing on the end of each direction by itself (half-close),
 * and breaking one off when the other breaks.
 */
export function joinStreams(a: Duplex, b: Duplex): void {
  carry(a, b);
  carry(b, a);
}

function carry(from: Duplex, to: Duplex): void {
  from.pipe(to);
  from.on('error', () => to.destroy());
  from.on('close', () => {
    // An orderly end has been passed on by pipe; both directions must be over before the other side is let go.
    if (!from.readableEnded || !from.writableFinished) to.destroy();
  });
}
