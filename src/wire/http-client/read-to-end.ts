import type { Duplex } from 'node:stream';

type Sent = (error?: Error | null) => void;

/**
 * Lets a connection be read to its end when the other side takes nothing more. Node.js breaks it off at the first write that fails, and
 * what has arrived and was not read yet goes with it: the last words of a peer that said them, closed, and had not read all that was
 * still coming. So what cannot be written is dropped instead. How the connection ended is told by what is read: at its end it breaks
 * with the error of the write.
 */
export function readToEnd(socket: Duplex): Duplex {
  let failed = false;
  const tolerant = (sent: Sent) => (error?: Error | null) => {
    // Where all was read already, or nobody can read any more, the write is all that there is to tell of.
    if (!error || socket.readableEnded || socket.destroyed) return sent(error);
    failed = true;
    socket.once('end', () => socket.destroy(error));
    sent();
  };
  const write = socket._write.bind(socket);
  socket._write = (chunk, encoding, sent) => (failed ? sent() : write(chunk, encoding, tolerant(sent)));
  const writev = socket._writev?.bind(socket);
  if (writev !== undefined) socket._writev = (chunks, sent) => (failed ? sent() : writev(chunks, tolerant(sent)));
  return socket;
}
